"""
OAuth 2.0: tokens that an authorization server knows, and tokens from one for our own requests.
"""
