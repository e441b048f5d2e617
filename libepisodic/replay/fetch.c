/* fetch.c - batches from a memory that is larger than what the system can hold: their pages are asked for all at once,
 * before the first of them is read.
 *
 * Idea: a page that is not there stops the reader, and brings its neighbours along, which nobody wants; so each row of
 * a batch would cost a visit to the disk, one after another. Asked for beforehand, the disk has all of them to do at
 * once, and only them. That is done as long as batches had to wait for pages of late; else it would only cost.
 */
#include "replay.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define BATCHES 64u /* that pages are asked for after one that had to wait */

/* Pages that this thread had to wait for, ever. */
static uint64_t count_waits(void) {
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_majflt : 0;
}

/* The pages that were asked for last: neighbouring columns often lie in the same ones. */
typedef struct asked {
    size_t page;
    uintptr_t first, end;
} asked;

/* An error would do no harm. */
static void ask(asked *of, const uint8_t *from, size_t size) {
    const uintptr_t first = (uintptr_t)from & ~(of->page - 1), end = ((uintptr_t)from + size - 1) | (of->page - 1);
    if (first >= of->first && end <= of->end) return;
    of->first = first;
    of->end = end;
    (void)madvise((void *)first, end + 1 - first, MADV_WILLNEED);
}

/* What a cell will be copied from. How far its window reaches is not known yet, so the longest counts. */
static void ask_for_rows(asked *of, const epi_replay *replay, const epi__pick *pick, const epi__gather_plan *plan) {
    const epi__layout *layout = replay->layout;
    const uint32_t slot = pick->slot, before = EPI__MIN(slot, replay->views.stack - 1);
    const uint32_t behind = EPI__MIN(slot + replay->options.n_step, layout->capacity);
    const size_t width = layout->columns[plan->column].width;
    switch ((int)plan->kind) {
    case EPI__GATHER_FIRST: ask(of, epi__slot_at(layout, pick->data, plan->column, slot), width); break;
    case EPI__GATHER_NEXT: ask(of, epi__slot_at(layout, pick->data, plan->column, behind), width); break;
    case EPI__GATHER_STACK:
        ask(of, epi__slot_at(layout, pick->data, plan->column, slot - before), (before + 1) * width);
        break;
    case EPI__GATHER_NEXT_STACK:
        ask(of, epi__slot_at(layout, pick->data, plan->column, behind - before), (before + 1) * width);
        break;
    default: break;
    }
}

static void ask_for_cell(asked *of, const epi_replay *replay, const epi__pick *pick) {
    for (size_t i = 0; i < replay->plan_count; i++) ask_for_rows(of, replay, pick, &replay->plan[i]);
    ask(of, epi__slot_at(replay->layout, pick->data, replay->layout->flags, pick->slot), 1);
}

void epi__fetch_begin(epi_replay *replay) {
    asked of = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    const size_t cells = replay->draws.count * replay->views.span;
    replay->waits = count_waits();
    if (replay->fetches == 0) return;
    replay->fetches--;
    for (size_t cell = 0; cell < cells; cell++)
        if (replay->draws.picks[cell].chunk) ask_for_cell(&of, replay, &replay->draws.picks[cell]);
}

void epi__fetch_end(epi_replay *replay) {
    if (count_waits() != replay->waits) replay->fetches = BATCHES;
}
