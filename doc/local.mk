# Manuals, the report schema and the demo.

EXTRA_DIST += \
	doc/DESIGN.md \
	doc/demo.sh \
	$(NULL)
