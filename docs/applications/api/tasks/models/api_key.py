import hashlib
import secrets

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .meta import Base

#: People, and programs that look for leaked secrets, know a key by it.
PREFIX = "tasks_"


class ApiKey(Base):
    """A key of a program: its digest, so that the table holds no key."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    owner: Mapped[str] = mapped_column(String(255), index=True)
    scope: Mapped[str] = mapped_column(String(100))

    def as_dict(self):
        return {"id": self.id, "name": self.name, "scope": self.scope}


def new_text():
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(text):
    # Without salt: a key has 256 random bits, so it cannot be guessed.
    return hashlib.sha256(text.encode()).hexdigest()
