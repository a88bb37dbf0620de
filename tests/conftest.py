"""What every test gets: an offscreen Qt unless `--headed`, and settings of its own."""

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--headed", action="store_true", help="show the windows instead of painting them offscreen")


def pytest_configure(config: pytest.Config) -> None:
    os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
    if not config.getoption("--headed"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
