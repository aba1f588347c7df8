"""
From services to an AsyncAPI 3 document, and from a document to a client.
"""
