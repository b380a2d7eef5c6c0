"""Who hands chunk ids to workers: the database itself (`database`), or RabbitMQ (`rabbitmq`, over `amqp`).

Both are a `pipeline.queue.Queue`, and the worker does not know which it has. What chunks there are, and which of
them may be handed out, stands in the database alone; a message says no more than where to look.
`inspection` looks at RabbitMQ for the doctor. Imports store, pipeline. Nothing but it, `amqp` and
`preparing` knows pika.
"""
