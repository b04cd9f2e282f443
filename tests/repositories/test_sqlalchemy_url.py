"""URLs of databases, proved where no server is."""

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.repositories import sqlalchemy_url
from pyramid_sessiontoken.repositories.sqlalchemy_url import prove

GOOD = """
sqlite://
sqlite:///sessions.db?timeout=3&cached_statements=10
sqlite:///sessions.db?check_same_thread=false
sqlite:///file:sessions.db?mode=ro&uri=true
postgresql+psycopg://
postgresql+psycopg://alice:hunter2@h/d?sslmode=verify-full&connect_timeout=3
postgresql+psycopg://h/d?gssencmode=require&hostaddr=10.0.0.1
postgresql+psycopg:///d?host=h1:5432&host=h2:5433&target_session_attrs=any
postgresql+psycopg:///d?host=h1,h2&port=5432,5433
postgresql+psycopg://h/d?options=-csearch_path%3Dauth
postgresql+psycopg2://alice:hunter2@h/d?sslmode=require&keepalives_idle=9
mysql+pymysql://alice:hunter2@h/d?charset=utf8mb4&connect_timeout=3
mariadb+pymysql:///d?unix_socket=/run/mysqld.sock
""".split()

BAD = """
sqlite:///sessions.db?nonsense=1 nonsense
sqlite:///sessions.db?timeout=soon timeout
sqlite:///sessions.db?mode=ro mode
sqlite:///sessions.db?check_same_thread=true check_same_thread
sqlite:///sessions.db?isolation_level=DEFERRED isolation_level
sqlite:///file:sessions.db?nonsense=1&uri=true nonsense
sqlite://hunter2/sessions.db it
postgresql+psycopg://h/d?nonsense=1&sslmode=require nonsense
postgresql+psycopg://h/d?prepare_threshold=0 prepare_threshold
postgresql+psycopg://h/d?row_factory=dict_row row_factory
postgresql+psycopg://h/d?autocommit=true autocommit
postgresql+psycopg://h/d?sslmode=hunter2 sslmode
postgresql+psycopg://h/d?connect_timeout=soon connect_timeout
postgresql+psycopg://h/d?tcp_user_timeout=soon tcp_user_timeout
postgresql+psycopg:///d?host=h1,h2&port=1,2,3 port
postgresql+psycopg://h/d?options=hunter2&options=-cx=1 options
postgresql+psycopg://h/d?plugin=nonsense plugin
postgresql+psycopg://h:70000/d it
postgresql+psycopg2://h/d?nonsense=1 nonsense
postgresql+psycopg2://h/d?cursor_factory=Cursor cursor_factory
postgresql+psycopg2://h/d?async=1 async
postgresql+psycopg2://h/d?keepalives=yes keepalives
mysql+pymysql://h/d?nonsense=1&more=2&charset=utf8mb4 nonsense,more
mysql+pymysql://h/d?charset=nonsense charset
mysql+pymysql://h/d?connect_timeout=soon connect_timeout
mysql+pymysql://h/d?read_timeout=0 read_timeout
mysql+pymysql://h/d?autocommit=true autocommit
mysql+pymysql://h/d?cursorclass=DictCursor cursorclass
mysql+pymysql://h/d?conv=hunter2 conv
mysql+pymysql://h/d?auth_plugin_map=x auth_plugin_map
mysql+pymysql://h/d?defer_connect=1 defer_connect
mysql+pymysql://h/d?compress=true compress
mysql+pymysql://h/d?ssl=true ssl
mysql+pymysql://h/d?ssl_disabled=false ssl_disabled
mysql+pymysql://h/d?ssl_ca=/nowhere/ca.pem ssl_ca
""".strip().splitlines()


@pytest.mark.parametrize("url", GOOD)
def test_options_that_a_driver_knows_are_accepted(url):
    proved, dialect, _words = prove(url)
    assert proved.get_driver_name() == dialect.driver


@pytest.mark.parametrize("line", BAD)
def test_options_that_a_driver_does_not_know_are_named(line):
    url, words = line.split(" ")
    with pytest.raises(ValueError, match=r"^the driver") as refused:
        prove(url)
    said = words.replace(",", ", ")
    assert str(refused.value).endswith(f" cannot use {said}")
    told = "".join(traceback.format_exception(refused.value))
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("hunter2", "that SQLAlchemy knows"),
        ("postgresql://alice:hunter2@h:port/d", "that SQLAlchemy knows"),
        ("nonsense://alice:hunter2@h/d", "that SQLAlchemy knows"),
        ("mssql+pyodbc://alice:hunter2@h/d", "SQLite, PostgreSQL, MySQL or"),
        ("sqlite+aiosqlite:///hunter2", "synchronous driver, not aiosqlite"),
    ],
)
def test_another_url_is_refused_without_quoting_it(url, why):
    with pytest.raises(ValueError, match=why) as refused:
        prove(url)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_a_driver_that_is_not_installed_is_an_import_error():
    with pytest.raises(ImportError):
        prove("postgresql+psycopg2cffi://h/d")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://alice:hunter2@more@h/d",
        "postgresql+psycopg://alice:@?more=@h/d",
        "postgresql+psycopg://h/d?more=@h",
    ],
)
def test_an_unescaped_at_sign_in_a_password_is_reported(url):
    with pytest.raises(ValueError, match="as %40") as refused:
        prove(url)
    assert "more" not in str(refused.value)


def test_other_signs_in_a_password_need_no_code():
    _, _, words = prove("postgresql+psycopg://alice:a?b/c:d#e%40f@h/d")
    assert words["password"] == "a?b/c:d#e@f"


def test_a_driver_without_a_signature_is_not_checked(monkeypatch):
    monkeypatch.setattr("sqlite3.dbapi2.connect", min)
    _, dialect, _words = prove("sqlite:///sessions.db?timeout=3")
    assert dialect.dbapi.connect is min


def test_another_driver_takes_what_its_signature_has(monkeypatch):
    monkeypatch.delitem(sqlalchemy_url._CHECKS, "pysqlite")
    url, _, _words = prove("sqlite:///sessions.db?detect_types=1")
    assert url.query == {"detect_types": "1"}


DRIVERS = st.sampled_from(
    ["sqlite", "postgresql+psycopg", "postgresql+psycopg2", "mysql+pymysql"]
)
TEXTS = st.text("@/?#:[],=&%;. h1\u20ac\n", max_size=12)


@given(DRIVERS, TEXTS, TEXTS)
def test_any_url_serves_or_is_refused_without_its_password(
    driver, before, after
):
    password = "looking-glass"
    said = ""
    try:
        prove(f"{driver}://u:{before}{password}{after}@h/d")
    except ValueError as refused:
        said = str(refused)
    assert password not in said
