"""`python -m spectrum_identify` of an install by pip, or `python .` in a checkout."""

import sys

if __package__:
    from . import main
else:
    from spectrum import main

sys.exit(main())
