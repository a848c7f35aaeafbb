// Go wants an assembly file beside functions without bodies.
