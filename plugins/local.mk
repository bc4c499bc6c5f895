# Client plugins: one folder per client.

aercdir = $(pkgdatadir)/aerc
dist_aerc_SCRIPTS = plugins/aerc/mailcrypt-text
dist_aerc_DATA = plugins/aerc/README
