"""Who asks: the user, the project and the roles that a token stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Context:
    """A token's scope.

    Attributes:
        token: its id.
    """

    user_id: str
    project_id: str
    roles: tuple[str, ...]
    token: str = ""

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles

    def owns(self, project_id: str) -> bool:
        return self.is_admin or project_id == self.project_id
