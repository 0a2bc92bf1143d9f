"""How the messages of a connection are read and written: one codec a connection, named once.

A codec turns payloads of frames into messages, which are JSON values wherever they can be, and values into payloads. Matching,
masking, ledger, recording, load and the proxy's toxics see only messages, so none of them knows a protocol.

One frame may hold several messages (lines, records, batches), and a message may need several frames (attachments). What is
counted, taken, matched and recorded is always the message; those of one frame have the same time.
"""

from realstack.websocket.codecs.codec import Codec, Malformed, Message, Payload
from realstack.websocket.codecs.finding import CodecName, MakeCodec, find

__all__ = ["Codec", "CodecName", "MakeCodec", "Malformed", "Message", "Payload", "find"]
