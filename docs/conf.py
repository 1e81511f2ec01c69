"""How the pages become a site: ``make docs``, where every warning is an error."""

from pathlib import Path

import vedette

ROOT = Path(__file__).parents[1]

project = "Vedette"
author = "Vedette's authors"
copyright = "Vedette's authors. Apache-2.0"  # noqa: A001 - the name that Sphinx reads
release = vedette.__version__
version = release

extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["_build"]
root_doc = "index"
nitpicky = True

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence"]
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "furo"
html_title = f"Vedette {release}"
html_static_path = ["_static"]
html_css_files = ["vedette.css"]
html_favicon = "_static/vedette.svg"
html_logo = "_static/vedette.svg"
html_extra_path = ["llms.txt"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
