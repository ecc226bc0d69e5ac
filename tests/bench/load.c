/* Load through an HTTP proxy: so many clients, each a thread, ask for one page for so many seconds.
 *
 * load PROXY_PORT HOST PORT PATH TLS PER_CONNECTION CLIENTS SECONDS
 *
 * TLS is 0 (absolute-form requests) or 1 (CONNECT, then TLS; certificates are not checked: the proxy is not under test
 * for them here). PER_CONNECTION is the number of requests of a connection, 0 for as many as there is time. PROXY_PORT 0
 * asks the site itself, at 127.0.0.1. Clients come from 127.0.2.1 to 127.0.2.200. A # in HOST is a number below 500,
 * another for each connection; PATH may be several with commas, asked for in turn. Prints one line of JSON.
 *
 * cc -O2 -o load load.c -lssl -lcrypto -lpthread
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 100000 /* latencies kept of each client */, HOSTS = 500, PATHS = 16 };
static int proxy_port, port, tls, per_connection;
static const char *host, *paths[PATHS];
static int path_count;
static double until;
static SSL_CTX *context;
static atomic_long bytes_read;

typedef struct {
    pthread_t thread;
    int number;
    long done, failed, refused;
    float *took;
    int kept;
} Client;

typedef struct {
    int fd;
    SSL *ssl;
    char buffer[65536];
    int have, used;
    char host[256];
} Line;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int fill(Line *line) {
    int n = line->ssl ? SSL_read(line->ssl, line->buffer, sizeof line->buffer)
                      : (int)recv(line->fd, line->buffer, sizeof line->buffer, 0);
    line->used = 0;
    line->have = n > 0 ? n : 0;
    if (n > 0) atomic_fetch_add(&bytes_read, n);
    return n > 0;
}

static int put(Line *line, const char *text, int length) {
    return line->ssl ? SSL_write(line->ssl, text, length) == length
                     : send(line->fd, text, length, MSG_NOSIGNAL) == length;
}

/* Reads one answer; its status, or 0. *last is set where the connection ends with it. */
static int answer(Line *line, int head_only, int *last) {
    char head[16384];
    int length = 0, status;
    long body = 0;
    while (length < 4 || memcmp(head + length - 4, "\r\n\r\n", 4)) {
        if (line->used == line->have && !fill(line)) return 0;
        if (length == (int)sizeof head - 1) return 0;
        head[length++] = line->buffer[line->used++];
    }
    head[length] = 0;
    if (sscanf(head, "HTTP/1.%*d %d", &status) != 1) return 0;
    char *found = strcasestr(head, "\r\ncontent-length:");
    if (found) body = atol(found + 17);
    *last = strcasestr(head, "\r\nconnection: close") != NULL;
    if (head_only) return status;
    if (!found && strcasestr(head, "\r\ntransfer-encoding: chunked")) {
        for (long size = 1; size > 0;) { /* chunk by chunk */
            char number[32];
            int at = 0;
            do {
                if (line->used == line->have && !fill(line)) return 0;
                number[at++] = line->buffer[line->used++];
            } while (at < 31 && number[at - 1] != '\n');
            number[at] = 0;
            size = strtol(number, NULL, 16);
            for (long left = size + 2; left > 0;) {
                if (line->used == line->have && !fill(line)) return 0;
                long step = line->have - line->used < left ? line->have - line->used : left;
                line->used += step;
                left -= step;
            }
        }
        return status;
    }
    while (body > 0) {
        if (line->used == line->have && !fill(line)) return 0;
        long step = line->have - line->used < body ? line->have - line->used : body;
        line->used += step;
        body -= step;
    }
    return status;
}

/* Which site this connection is to. */
static void choose(Line *line, unsigned *dice) {
    const char *mark = strchr(host, '#');
    if (mark) snprintf(line->host, sizeof line->host, "%.*s%d%s", (int)(mark - host), host, rand_r(dice) % HOSTS, mark + 1);
    else snprintf(line->host, sizeof line->host, "%s", host);
}

static int reach(Line *line, int number) {
    struct sockaddr_in mine = {.sin_family = AF_INET}, there = {.sin_family = AF_INET};
    char text[512];
    int one = 1, last = 0;
    struct timeval wait = {30, 0};
    mine.sin_addr.s_addr = htonl(0x7f000200 + 1 + number % 200);
    there.sin_addr.s_addr = htonl(0x7f000001);
    there.sin_port = htons(proxy_port ? proxy_port : port);
    line->fd = socket(AF_INET, SOCK_STREAM, 0);
    line->ssl = NULL;
    line->have = line->used = 0;
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(line->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(line->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(line->fd, (void *)&mine, sizeof mine) || connect(line->fd, (void *)&there, sizeof there)) return 0;
    if (!tls) return 1;
    if (proxy_port) {
        int length = snprintf(text, sizeof text, "CONNECT %s:%d HTTP/1.1\r\nHost: %s:%d\r\n\r\n", line->host, port,
                              line->host, port);
        if (!put(line, text, length) || answer(line, 1, &last) != 200) return 0;
    }
    line->ssl = SSL_new(context);
    SSL_set_fd(line->ssl, line->fd);
    SSL_set_tlsext_host_name(line->ssl, line->host);
    return SSL_connect(line->ssl) == 1;
}

static void leave(Line *line) {
    if (line->ssl) {
        SSL_shutdown(line->ssl);
        SSL_free(line->ssl);
    }
    if (line->fd >= 0) close(line->fd);
}

static void *run(void *given) {
    Client *client = given;
    Line *line = malloc(sizeof *line);
    char text[1024], site[300];
    unsigned dice = client->number + 1, turn = client->number;
    while (now() < until) {
        double began = now();
        int sent = 0, last = 0;
        choose(line, &dice);
        if (port == (tls ? 443 : 80)) snprintf(site, sizeof site, "%s", line->host);
        else snprintf(site, sizeof site, "%s:%d", line->host, port);
        if (!reach(line, client->number)) {
            client->failed++;
            leave(line);
            usleep(1000);
            continue;
        }
        while (now() < until && !last && (per_connection == 0 || sent < per_connection)) {
            const char *path = paths[turn++ % path_count];
            int fetched = strstr(path, ".js") != NULL; /* .json too */
            int length = snprintf(text, sizeof text,
                                  "GET %s%s%s HTTP/1.1\r\nHost: %s\r\n"
                                  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0\r\n"
                                  "Accept: text/html,*/*;q=0.8\r\nSec-Fetch-Mode: %s\r\nSec-Fetch-Dest: %s\r\n\r\n",
                                  proxy_port && !tls ? "http://" : "", proxy_port && !tls ? site : "", path, site,
                                  fetched ? "cors" : "navigate", fetched ? "empty" : "document");
            if (sent) began = now();
            int status = put(line, text, length) ? answer(line, 0, &last) : 0;
            if (!status) {
                client->failed++;
                break;
            }
            sent++;
            client->done++;
            if (status != 200) client->refused++;
            if (client->kept < KEPT) client->took[client->kept++] = now() - began;
        }
        leave(line);
    }
    free(line);
    return NULL;
}

static int order(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int main(int count, char **words) {
    if (count != 9) {
        fprintf(stderr, "load PROXY_PORT HOST PORT PATH TLS PER_CONNECTION CLIENTS SECONDS\n");
        return 2;
    }
    proxy_port = atoi(words[1]), host = words[2], port = atoi(words[3]), tls = atoi(words[5]);
    per_connection = atoi(words[6]);
    for (char *each = strtok(words[4], ","); each && path_count < PATHS; each = strtok(NULL, ",")) paths[path_count++] = each;
    int clients = atoi(words[7]);
    double seconds = atof(words[8]), began = now();
    signal(SIGPIPE, SIG_IGN);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    until = began + seconds;
    Client *all = calloc(clients, sizeof *all);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 262144);
    for (int i = 0; i < clients; i++) {
        all[i].number = i;
        all[i].took = malloc(sizeof(float) * (KEPT));
        pthread_create(&all[i].thread, &small, run, &all[i]);
    }
    long done = 0, failed = 0, refused = 0, kept = 0;
    for (int i = 0; i < clients; i++) {
        pthread_join(all[i].thread, NULL);
        done += all[i].done, failed += all[i].failed, refused += all[i].refused, kept += all[i].kept;
    }
    double took = now() - began;
    float *every = malloc(sizeof(float) * (kept + 1));
    long at = 0;
    for (int i = 0; i < clients; i++) {
        memcpy(every + at, all[i].took, sizeof(float) * all[i].kept);
        at += all[i].kept;
    }
    qsort(every, kept, sizeof(float), order);
    printf("{\"done\": %ld, \"failed\": %ld, \"refused\": %ld, \"seconds\": %.3f, \"p50\": %.6f, \"p99\": %.6f, \"bytes\": %ld}\n",
           done, failed, refused, took, kept ? every[kept / 2] : 0.0, kept ? every[kept * 99 / 100] : 0.0, (long)bytes_read);
    return 0;
}
