/* http_metrics.c - /metrics in Prometheus' text form 0.0.4, /healthz and /readyz.
 *
 * Healthy is who answers at all; ready is whose memory can be read now and who is not stopping.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_daemon.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void http_count_answer(http_counts_by_status *counts, unsigned status) {
    unsigned place = status / 100;
    if (place < HTTP_CLASSES) atomic_fetch_add(&counts->classes[place], 1);
}

void http_healthz(http_request *request) {
    http_answer_text(request, 200, HTTP_JSON, "{\"status\":\"ok\"}");
}

void http_readyz(http_request *request) {
    epi_memory_stats stats;
    epi_status status = epi_memory_stats_read(&stats, service_memory(http_service(request)));
    if (http_is_stopping(request->server))
        http_problem(request, 503, "the server is stopping");
    else if (status != EPI_OK)
        http_problem(request, 503, "the memory cannot be read: %s", epi_status_text(status));
    else
        http_answer_text(request, 200, HTTP_JSON, "{\"status\":\"ready\"}");
}

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

/* A growing text. */
typedef struct page {
    char *text;
    size_t size;
    size_t room;
    bool failed;
} page;

static void print(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void print(page *p, const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (p->failed || size < 0 || (size_t)size >= sizeof line) return;
    if (p->size + (size_t)size > p->room) {
        size_t room = (p->room + 4096) * 2;
        char *grown = realloc(p->text, room);
        if (grown == NULL) {
            p->failed = true;
            return;
        }
        p->text = grown;
        p->room = room;
    }
    memcpy(p->text + p->size, line, (size_t)size);
    p->size += (size_t)size;
}

static void head(page *p, const char *name, const char *type, const char *help) {
    print(p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(page *p, const char *name, const char *help, double value) {
    head(p, name, "gauge", help);
    print(p, "%s %.17g\n", name, value);
}

static void put_operations(page *p, service *of) {
    head(p, "episodic_operations_total", "counter", "Calls of an operation, over all transports.");
    for (size_t i = 0; operations[i] != NULL; i++) {
        service_measure m = service_measured(of, i);
        print(p, "episodic_operations_total{operation=\"%s\",outcome=\"done\"} %llu\n", operations[i]->name,
              (unsigned long long)(m.calls - m.failures));
        print(p, "episodic_operations_total{operation=\"%s\",outcome=\"failed\"} %llu\n", operations[i]->name,
              (unsigned long long)m.failures);
    }
}

static void put_histogram(page *p, const char *name, const service_measure *m) {
    uint64_t below = 0;
    for (unsigned bucket = 0; bucket + 1 < SERVICE_BUCKETS; bucket++) {
        below += m->buckets[bucket];
        print(p, "episodic_operation_seconds_bucket{operation=\"%s\",le=\"%g\"} %llu\n", name,
              (double)(64u << bucket) * 1e-6, (unsigned long long)below);
    }
    print(p, "episodic_operation_seconds_bucket{operation=\"%s\",le=\"+Inf\"} %llu\n", name,
          (unsigned long long)m->calls);
    print(p, "episodic_operation_seconds_sum{operation=\"%s\"} %.6f\n", name, (double)m->total_us * 1e-6);
    print(p, "episodic_operation_seconds_count{operation=\"%s\"} %llu\n", name, (unsigned long long)m->calls);
}

static void put_times(page *p, service *of) {
    head(p, "episodic_operation_seconds", "histogram", "Time that a call of an operation took.");
    for (size_t i = 0; operations[i] != NULL; i++) {
        service_measure m = service_measured(of, i);
        if (m.calls > 0) put_histogram(p, operations[i]->name, &m);
    }
}

static void put_http(page *p, http_server *server) {
    static const char *const classes[HTTP_CLASSES] = {NULL, NULL, "2xx", "3xx", "4xx", "5xx"};
    http_counts counts = http_counts_of(server);
    head(p, "episodic_http_responses_total", "counter", "Answers over HTTP, by class of status.");
    for (size_t i = 0; i < HTTP_CLASSES; i++) {
        if (classes[i] != NULL)
            print(p, "episodic_http_responses_total{class=\"%s\"} %llu\n", classes[i],
                  (unsigned long long)counts.answers[i]);
    }
    head(p, "episodic_http_late_total", "counter", "Connections closed because a request did not arrive in time.");
    print(p, "episodic_http_late_total %llu\n", (unsigned long long)counts.late);
    gauge(p, "episodic_http_connections", "Open connections.", (double)counts.connections);
    gauge(p, "episodic_http_requests_in_flight", "Requests being read, worked on or answered.",
          (double)counts.in_flight);
    gauge(p, "episodic_http_listeners", "Listeners to events.", (double)counts.streams);
}

static void put_memory(page *p, service *of) {
    epi_memory_stats stats;
    if (epi_memory_stats_read(&stats, service_memory(of)) != EPI_OK) return;
    gauge(p, "episodic_spaces", "Spaces of the memory.", (double)stats.spaces);
    gauge(p, "episodic_store_used_bytes", "Bytes of the store in use.", (double)stats.used_size);
    gauge(p, "episodic_store_file_bytes", "Bytes of the store on disk, free pages included.", (double)stats.file_size);
    gauge(p, "episodic_store_quota_bytes", "Bytes that appends may fill.", (double)stats.quota);
    gauge(p, "episodic_store_entries", "Records of all kinds.", (double)stats.entries);
    gauge(p, "episodic_readers", "Reader slots taken, over all processes.", (double)stats.readers);
}

void http_metrics(http_request *request) {
    page p = {0};
    put_operations(&p, http_service(request));
    put_times(&p, http_service(request));
    put_http(&p, request->server);
    put_memory(&p, http_service(request));
    if (!p.failed && p.text != NULL) {
        http_answer_bytes(request, METRICS_TYPE, p.text, p.size);
        return;
    }
    free(p.text);
    http_problem(request, 500, "out of memory");
}
