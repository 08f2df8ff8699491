"""The messages on NATS as models, from which AsyncAPI and JSON Schema documents are generated.

Requests are models in `actors.requests`, since they are parsed with them. Messages that idexx-sync sends are built
elsewhere: events in SQL, replies from rows. `events`, `appointment_events`, `offer_events`, `replies` and `clinics`
model them, but no message is validated while it is sent. Instead, the tests validate every message that a system
sends against its schema, which in tests allows no unknown field; so a field that is missing in its model fails a
test.

    messages.py, events.py, replies.py ──► schemas.py ──► asyncapi.py, schemas.json ──► docs/spec/
                                                    └──► openapi.py (actors/http)

The published schemas allow unknown fields: clients must ignore them, since later versions may add fields.
"""
