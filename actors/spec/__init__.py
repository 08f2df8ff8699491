"""What is said on NATS, as models; and, made from them, what other programs can read: AsyncAPI and JSON Schemas.

Requests are models in `actors.messages`, since they are parsed with them. What we send is made where it is known: the
events in SQL, replies from rows. Its shape stands here, in `events` and `replies`, and no message is checked while it
is sent. Instead the tests hear every message that a system sends and hold it against its schema, which there allows
no field that a model does not have; so a field that is added without being told here fails a test.

    messages.py, events.py, replies.py ──► schemas.py ──► asyncapi.py, schemas.json ──► docs/spec/
                                                    └──► openapi.py (actors/http)

What clients get is open: they must ignore fields that they do not know, since more may come.
"""
