"""Engines: who executes the cells of a sweep. They are interchangeable, and change no byte of what is stored."""
