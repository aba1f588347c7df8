#include "tls.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The few functions of OpenSSL, with its own names for them; these have been the same since release 1.1. */
static struct tls *(*SSL_new)(void *);
static void (*SSL_free)(struct tls *);
static int (*SSL_set_fd)(struct tls *, int);
static int (*SSL_connect)(struct tls *);
static int (*SSL_read)(struct tls *, void *, int);
static int (*SSL_write)(struct tls *, const void *, int);
static int (*SSL_get_error)(const struct tls *, int);
static long (*SSL_CTX_ctrl)(void *, int, long, void *);
static void (*ERR_clear_error)(void);

enum { WANT_READ = 2, WANT_WRITE = 3, ZERO_RETURN = 6, CTRL_MODE = 33, PARTIAL_WRITE_MOVING_BUFFER = 1 | 2 };

static void *context;

static void *found(void *library, const char *name)
{
    void *symbol = dlsym(library, name);
    if (symbol == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return symbol;
}

void tls_begin(void)
{
    static const char *const names[] = {"libssl.so.3", "libssl.so.1.1", "libssl.so"};
    void *library = NULL;
    for (unsigned index = 0; library == NULL && index < sizeof names / sizeof *names; index++)
        library = dlopen(names[index], RTLD_NOW | RTLD_GLOBAL);
    if (library == NULL) {
        fprintf(stderr, "no OpenSSL library: %s\n", dlerror());
        exit(1);
    }
    *(void **)&SSL_new = found(library, "SSL_new");
    *(void **)&SSL_free = found(library, "SSL_free");
    *(void **)&SSL_set_fd = found(library, "SSL_set_fd");
    *(void **)&SSL_connect = found(library, "SSL_connect");
    *(void **)&SSL_read = found(library, "SSL_read");
    *(void **)&SSL_write = found(library, "SSL_write");
    *(void **)&SSL_get_error = found(library, "SSL_get_error");
    *(void **)&SSL_CTX_ctrl = found(library, "SSL_CTX_ctrl");
    *(void **)&ERR_clear_error = found(library, "ERR_clear_error");
    void *(*method)(void), *(*create)(const void *);
    *(void **)&method = found(library, "TLS_client_method");
    *(void **)&create = found(library, "SSL_CTX_new");
    context = create(method());                 /* it trusts everybody: the server is our own child */
    if (context == NULL) {
        fprintf(stderr, "OpenSSL makes no context\n");
        exit(1);
    }
    SSL_CTX_ctrl(context, CTRL_MODE, PARTIAL_WRITE_MOVING_BUFFER, NULL);
}

struct tls *tls_open(int descriptor)
{
    struct tls *session = SSL_new(context);
    if (session == NULL || SSL_set_fd(session, descriptor) != 1) {
        fprintf(stderr, "OpenSSL makes no session\n");
        exit(1);
    }
    return session;
}

void tls_close(struct tls *session)
{
    SSL_free(session);
}

static int result(struct tls *session, int status)
{
    if (status > 0)
        return status;
    int error = SSL_get_error(session, status);
    if (error == ZERO_RETURN)
        return 0;
    errno = error == WANT_READ || error == WANT_WRITE ? EAGAIN : EPROTO;
    return -1;
}

int tls_connect(struct tls *session)
{
    ERR_clear_error();
    int status = result(session, SSL_connect(session));
    if (status == 0)
        errno = ECONNRESET;
    return status > 0 ? 0 : -1;
}

ssize_t tls_read(struct tls *session, void *data, size_t size)
{
    ERR_clear_error();
    return result(session, SSL_read(session, data, (int)size));
}

ssize_t tls_write(struct tls *session, const void *data, size_t size)
{
    ERR_clear_error();
    return result(session, SSL_write(session, data, (int)size));
}
