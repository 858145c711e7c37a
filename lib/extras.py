"""Parts of the program that are installed on request, and what to do where one is missing."""

# A package as it is imported: the extra of pyproject.toml that brings it.
EXTRAS = {
    "matplotlib": "plot",
    "astropy": "fits",
    "pillow_heif": "heif",
    "scipy": "measure",
    "colour": "measure",
    "django": "serve",
    "psycopg": "postgresql",
}


def how_to_install(package: str) -> str:
    """Return in one line that a package is missing, and how to install it."""
    extra = EXTRAS.get(package)
    if extra is None:
        return (
            f"{package} is not installed; expected all that requirements.txt lists: "
            "python -m pip install -r requirements.txt (to train: under Python 3.11 to 3.13)"
        )
    return (
        f"{package} is not installed; expected the extra {extra}: "
        f'python -m pip install ".[{extra}]" in a clone of the project'
    )
