# Client plugins: one folder per client.
