"""Export and import: contexts and memory as lines of JSON, to be kept elsewhere or taken to another installation."""
