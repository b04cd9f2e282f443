from pwdlib import PasswordHash
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .meta import Base

hasher = PasswordHash.recommended()

#: The hash of no password.
NOBODYS_HASH = hasher.hash("")


class User(Base):
    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(255))

    def set_password(self, password):
        self.password_hash = hasher.hash(password)


def is_password_of(user, password):
    """Compare; an unknown user costs the same time as a wrong password."""
    expected = NOBODYS_HASH if user is None else user.password_hash
    return hasher.verify(password, expected) and user is not None
