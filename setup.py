"""Build step that metadata cannot say: forget an earlier build first.

setuptools copies modules into `build/` and packs whatever lies there, so that a module deleted since the last
build would still be shipped. Everything else about the package is in pyproject.toml.
"""

import shutil

from setuptools import setup
from setuptools.command.build import build


class FreshBuild(build):
    """A build that starts from an empty folder."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build": FreshBuild})
