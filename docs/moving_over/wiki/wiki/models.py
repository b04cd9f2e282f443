"""Pages, and the users who write them."""

import hashlib
import hmac
import os

from sqlalchemy import ForeignKey, engine_from_config, select
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
)
from sqlalchemy.pool import NullPool

#: How slow a hash is. The tests of the wiki lower it.
COST = 2**14


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password: Mapped[bytes]

    def set_password(self, password):
        salt = os.urandom(16)
        self.password = salt + hash_of(password, salt)

    def check_password(self, password):
        salt, kept = self.password[:16], self.password[16:]
        return hmac.compare_digest(kept, hash_of(password, salt))


def hash_of(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=8, p=1)


class Page(Base):
    __tablename__ = "pages"

    name: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    creator_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    creator: Mapped[User] = relationship()


def find_user(db, name):
    return db.scalar(select(User).filter_by(name=name))


def begin(request):
    """Begin a database session, which is committed with the response."""
    db = Session(request.registry["engine"])

    def commit(request, response):
        if request.exception is None:
            db.commit()

    def close(request):
        db.close()

    request.add_response_callback(commit)
    request.add_finished_callback(close)
    return db


def fill(engine):
    """Make the tables, two users and a page."""
    Base.metadata.create_all(engine)
    with Session(engine) as db, db.begin():
        if find_user(db, "editor") is not None:
            return
        for name, role in (("editor", "editor"), ("basic", "basic")):
            user = User(name=name, role=role)
            user.set_password(name)
            db.add(user)
        editor = find_user(db, "editor")
        db.add(Page(name="FrontPage", text="Welcome", creator=editor))


def includeme(config):
    settings = config.get_settings()
    engine = engine_from_config(settings, poolclass=NullPool)
    fill(engine)
    config.registry["engine"] = engine
    config.add_request_method(begin, "db", reify=True)
