{# A builder that has the kernel's headers already: a Driver Toolkit image, or one of your own. -#}
{% extends "kmodgen/skeleton" %}
