"""The browser tag: touchline.js, and touchline.min.js, which the collector serves."""
