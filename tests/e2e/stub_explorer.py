"""``faami-explorer`` with the stub encoder in place of a trained model: the whole program in a child process."""

from __future__ import annotations

from pathlib import Path

import app.application
from app.__main__ import main
from faami_core.session import Session
from tests.stub_encoder import StubEncoder


def _stub_session(*, model: Path | None, device: str) -> Session:
    return Session(model=model, device=device, encoder=StubEncoder())


if __name__ == "__main__":
    app.application.Session = _stub_session
    main()
