"""
Between payloads and values: text, XML and JSON, chosen once by annotation.
"""
