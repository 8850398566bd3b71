"""Many satellites and links become one capacitated graph."""
