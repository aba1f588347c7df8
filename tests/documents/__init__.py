"""
Pages that are executed: everything that a page of the documentation shows is done.

A code block whose first line is a comment with a file's name is that file.  A C{sh}
block names the command that runs from then on; a C{text} block is a conversation with
what it serves: C{>} is sent, C{<} is what must come back.  Several peers have names::

    Ada: ws://127.0.0.1:9090/chat?name=Ada
    Ada < Ada has joined.
    Ada > Good morning.
    Alan: ws://127.0.0.1:9090/cellar
    Alan < refused 404 There is no such room.

Who connects by C{balws connect}, with its options, in place of the bare URL, does just that.

In such a block a line that begins with C{$} is a command beside what runs, and what follows is what it
prints, with C{...} for what is never the same, beside ids and seconds; C{^C} is the key, in the terminal of
what was started last.
A C{sh} block of such commands as C{openssl} and C{balws} makes the files that a reader needs; who is
asked for a password says L{tests.documents.typist.PASSWORD}.  What serves other ports runs beside what there is.

Blocks without a file's name are executed where they stand, TOML by the loader.  A page that goes on where
another one ends says so by a comment, C{.. after: 1-echo}.
"""
