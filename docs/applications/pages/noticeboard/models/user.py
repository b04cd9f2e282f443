from pwdlib import PasswordHash
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .meta import Base

#: What a user may be, beside signed in.
ROLES = ("editor", "admin")

hasher = PasswordHash.recommended()

#: The hash of no password.
NOBODYS_HASH = hasher.hash("")


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    user_roles: Mapped[list["UserRole"]] = relationship(
        cascade="all, delete-orphan"
    )

    def set_password(self, password):
        self.password_hash = hasher.hash(password)

    @property
    def roles(self):
        return {row.role for row in self.user_roles}

    @roles.setter
    def roles(self, names):
        kept = [row for row in self.user_roles if row.role in names]
        new = set(names) - self.roles
        self.user_roles = kept + [UserRole(role=name) for name in new]


class UserRole(Base):
    __tablename__ = "user_roles"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id"), primary_key=True
    )
    role: Mapped[str] = mapped_column(String(40), primary_key=True)


def is_password_of(user, password):
    """Compare; an unknown user costs the same time as a wrong password."""
    expected = NOBODYS_HASH if user is None else user.password_hash
    return hasher.verify(password, expected) and user is not None
