"""HTTP as OAuth and REST share it: what of a message is a credential, and what may be shown; and sessions of REST."""
