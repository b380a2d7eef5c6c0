"""The worker as a process of its own: where its database and its broker are, signals, health, metrics, exit codes.

Its loop is `pipeline.worker`, who hands out chunks is one of `queues`. It stays small: nothing here imports a web
framework, a template, or the migrations. Imports queues, pipeline, store.
"""
