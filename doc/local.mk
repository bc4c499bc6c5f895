# Manuals and the report schema.

dist_man_MANS += \
	doc/mailcrypt.1 \
	doc/mailcrypt-config.5 \
	$(NULL)
dist_doc_DATA += \
	doc/report-schema.md \
	doc/report.schema.json \
	$(NULL)
EXTRA_DIST += doc/DESIGN.md
