"""WebSocket connections whose readers never stop, with a ledger of every frame.

```python
connection = await Connection.open("tab1", Options(url, subprotocols=["jwt-auth", f"jwt.{token}"]))
await connection.send_json({"type": "user_message", "payload": {"text": "Hello"}})
frame = await connection.wait_for(Match.of("message_accepted"), timeout=2.0)
await connection.close()
```
"""

from realstack.websocket.connection import Connection, Record
from realstack.websocket.frames import Frame
from realstack.websocket.handshake import Refused, Tls
from realstack.websocket.mailbox import Closed, Mailbox
from realstack.websocket.masking import Masker
from realstack.websocket.match import ANY, Match
from realstack.websocket.options import Options

__all__ = [
    "ANY",
    "Closed",
    "Connection",
    "Frame",
    "Mailbox",
    "Masker",
    "Match",
    "Options",
    "Record",
    "Refused",
    "Tls",
]
