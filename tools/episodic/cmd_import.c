/* cmd_import.c - `episodic import`: brings in files that others have written. A second run adds only what is missing.
 * */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

static const cli_option options[] = {
    {"space", 's', "NAME",
     "the space to fill (locomo: put before each sample_id; jsonl: instead of the name in the file)"},
    {"format", 'f', "NAME", "locomo, openai, chatgpt, mcp, mem0, agent or jsonl; without it told from the file"},
    {"source", 0, "NAME", "what the file is called in ids of messages that have none (openai; its file name)"},
    {"quiet", 'q', NULL, "no progress"},
    OPTION_JSON,
    OPTIONS_END,
};

static volatile sig_atomic_t interrupted;

static void interrupt(int number) {
    (void)number;
    interrupted = 1;
}

/* The first interrupt ends the import after its batch, the second one at once. */
static void catch_interrupts(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    action.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static bool on_progress(void *context, uint64_t done, uint64_t total) {
    progress_show(context, done, total);
    return !interrupted;
}

static double seconds_now(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static const char *name_of(const char *path) {
    return strcmp(path, "-") == 0 ? "standard input" : base_name(path);
}

/* "chats: 412 episodes, 9,871 steps, 3.1 MB, 2.4 s" */
static void tell(const cli *c, const char *what, const epi_import_report *report, size_t size, double seconds) {
    char count[PRINT_COUNTED_SIZE];
    char *safe = term_escape(what, strlen(what), " ");
    printf("%s: ", safe != NULL ? safe : "");
    free(safe);
    if (report->spaces > 1) printf("%s, ", print_counted(count, report->spaces, "space"));
    printf("%s, ", print_counted(count, report->episodes, "episode"));
    term_print(c, BOLD, "%s", print_count(count, report->steps));
    printf(" step%s%s", report->steps == 1 ? "" : "s", report->present > 0 ? " new" : "");
    if (report->present > 0) printf(", %s there already", print_count(count, report->present));
    if (report->skipped > 0) printf(", %s empty", print_count(count, report->skipped));
    if (report->unread > 0) printf(", %s passed over", print_counted(count, report->unread, "line"));
    if (size < 10000) {
        printf(", %s", print_counted(count, size, "byte"));
    } else if (size < 1000000) {
        printf(", %.0f KB", (double)size / 1e3);
    } else {
        printf(", %.1f MB", (double)size / 1e6);
    }
    printf(", %.1f s\n", seconds);
}

static int tell_json(const cli *c, const char *path, const epi_import_report *report) {
    epi_json_writer *writer = NULL;
    if (epi_json_writer_new(&writer, false) != EPI_OK) return cli_fail(c, EPI_ENOMEM);
    epi_json_begin_object(writer, NULL);
    json_text(writer, "file", path);
    json_text(writer, "format", epi_format_name(report->format));
    epi_json_put_unsigned(writer, "spaces", report->spaces);
    epi_json_put_unsigned(writer, "episodes", report->episodes);
    epi_json_put_unsigned(writer, "steps", report->steps);
    epi_json_put_unsigned(writer, "present", report->present);
    epi_json_put_unsigned(writer, "skipped", report->skipped);
    epi_json_put_unsigned(writer, "unread", report->unread);
    epi_json_end(writer);
    return json_print(c, writer);
}

/* What was stored before the failure stays, so the advice is to go on. */
static int fail_import(const cli *c, const char *path, epi_status status, const epi_import_report *report) {
    char advice[160] = "";
    char count[PRINT_COUNTED_SIZE];
    if (report->steps > 0 && status != EPI_ECANCELLED) {
        snprintf(advice, sizeof advice, "; %s before it %s stored, importing %s adds the rest",
                 print_counted(count, report->steps, "step"), report->steps == 1 ? "is" : "are",
                 status > EPI_EIO ? "the mended file" : "again");
    }
    return cli_fail_about(c, status, name_of(path), advice);
}

static int import_file(cli *c, const char *path, epi_format format) {
    epi_import_options import = epi_import_options_default();
    epi_import_report report;
    progress bar;
    size_t size = 0;
    int code = DONE;
    double start = seconds_now();
    char *text = cli_read_file(c, path, &size, &code);
    if (text == NULL) return code;
    progress_begin(&bar, base_name(path));
    if (cli_has(c, "quiet")) bar.visible = false;
    import.format = format;
    import.space = cli_value(c, "space");
    import.source = cli_value(c, "source");
    if (import.source == NULL && strcmp(path, "-") != 0) import.source = base_name(path);
    import.progress = on_progress;
    import.context = &bar;
    epi_status status = epi_import(&report, c->memory, text, size, &import);
    free(text);
    progress_end(&bar);
    if (status != EPI_OK) return fail_import(c, path, status, &report);
    if (cli_has(c, "json")) return tell_json(c, path, &report);
    bool named = import.space != NULL && report.format != EPI_FORMAT_LOCOMO;
    tell(c, named ? import.space : name_of(path), &report, size, seconds_now() - start);
    return DONE;
}

/* A mistyped name is told before anything is done, and before a memory is made. */
static int check_files(const cli *c) {
    for (size_t i = 0; i < c->operand_count; i++) {
        const char *path = c->operands[i];
        if (strcmp(path, "-") == 0 || access(path, R_OK) == 0) continue;
        return cli_error(c, errno == ENOENT ? ABSENT : BAD_STORAGE, "%s: %s", path, strerror(errno));
    }
    return DONE;
}

static int run(cli *c) {
    epi_format format = EPI_FORMAT_AUTO;
    const char *name = cli_value(c, "format");
    if (name != NULL) format = epi_format_from_name(name);
    if (name != NULL && format == EPI_FORMAT_AUTO && strcmp(name, "auto") != 0) {
        return cli_error(c, BAD_USAGE,
                         "--format: \"%s\" is none of locomo, openai, chatgpt, mcp, mem0, agent and jsonl", name);
    }
    int code = check_files(c);
    if (code == DONE) code = cli_open_memory(c, TO_CREATE);
    catch_interrupts();
    for (size_t i = 0; i < c->operand_count && code == DONE; i++) code = import_file(c, c->operands[i], format);
    return code;
}

const cli_command cmd_import = {
    .name = "import",
    .summary = "bring in conversations and trajectories from files",
    .usage = "FILE...",
    .examples = "  episodic import --space chats --format chatgpt conversations.json\n"
                "  episodic import --space agent runs/*.jsonl\n"
                "  episodic import --space facts --format mcp memory.json\n"
                "  episodic import locomo10.json\n"
                "  episodic export --space home | episodic --memory copy import -\n",
    .notes = "Importing again adds only what is missing, also after a crash. FILE is \"-\" for stdin.\n"
             "openai: a file in which a message calls tools becomes an agent's trajectory.\n"
             "mcp: the official MCP memory server's file. mem0: what its get_all or export gives.\n"
             "agent: a coding agent's transcript; lines that are no messages are passed over and counted.\n",
    .options = options,
    .operand_min = 1,
    .operand_max = CLI_GIVEN_MAX,
    .run = run,
};
