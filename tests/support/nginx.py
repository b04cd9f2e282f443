"""nginx as a process of the tests."""

import os


def configuration(folder, http):
    """Give a configuration that writes into a folder alone.

    :param http: what stands in the block ``http``.
    """
    user = "user root;\n" if os.geteuid() == 0 else ""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in "client_body proxy fastcgi uwsgi scgi".split()
    )
    return (
        f"daemon off;\n{user}pid {folder}/nginx.pid;\n"
        f"error_log {folder}/error.log;\nworker_processes 1;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{http}\n}}\n"
    )
