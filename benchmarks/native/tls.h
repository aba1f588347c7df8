/*
 * TLS for the load generator, by the OpenSSL library that this machine runs: found when it is wanted, so that nothing is
 * needed to compile.
 */
#ifndef TLS_H
#define TLS_H

#include <stddef.h>
#include <sys/types.h>

struct tls;

/* Load the library; says why not and ends the process where there is none. */
void tls_begin(void);

struct tls *tls_open(int descriptor);
void tls_close(struct tls *session);

/* As connect(2), recv(2) and send(2) of a socket that does not wait: -1 with errno EAGAIN, or another error. */
int tls_connect(struct tls *session);
ssize_t tls_read(struct tls *session, void *data, size_t size);
ssize_t tls_write(struct tls *session, const void *data, size_t size);

#endif
