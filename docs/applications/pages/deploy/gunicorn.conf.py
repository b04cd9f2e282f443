"""gunicorn --config deploy/gunicorn.conf.py --paste production.ini"""

# On TCP: a unix socket tells no address of the proxy, so no proxy would be
# among sessiontoken.address.trusted_proxies.
bind = "127.0.0.1:8000"
workers = 4
# Load the application once, then fork.
preload_app = True

# Whose X-Forwarded-Proto says that the browser used TLS.
forwarded_allow_ips = "127.0.0.1"

# No socket in the home folder, which the service may not write.
control_socket_disable = True
