from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from .meta import Base


class Task(Base):
    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: A userid: of a user of the table, or of another issuer.
    owner: Mapped[str] = mapped_column(String(255), index=True)
    title: Mapped[str] = mapped_column(String(200))
    done: Mapped[bool] = mapped_column(default=False)

    def as_dict(self):
        return {"id": self.id, "title": self.title, "done": self.done}
