/* operation_table.h - the entries of the table of operations, by the file that has them. */
#ifndef SERVER_OPERATION_TABLE_H
#define SERVER_OPERATION_TABLE_H

#include "operation.h"

/* ---- operations_memory.c ---- */
extern const operation operation_remember, operation_recall;
/* ---- operations_read.c ---- */
extern const operation operation_timeline, operation_episode, operation_when, operation_stats;
/* ---- operations_facts.c ---- */
extern const operation operation_facts, operation_history;
/* ---- operations_forget.c ---- */
extern const operation operation_forget, operation_restore, operation_remove;
/* ---- operations_work.c ---- */
extern const operation operation_begin, operation_record, operation_finish;
/* ---- operations_imagine.c ---- */
extern const operation operation_imagine, operation_plan;
/* ---- operations_graph.c ---- */
extern const operation operation_create_entities, operation_create_relations, operation_add_observations,
    operation_delete_entities, operation_delete_observations, operation_delete_relations;
/* ---- operations_graph_read.c ---- */
extern const operation operation_read_graph, operation_search_nodes, operation_open_nodes;

/* ---- operations_inspect.c, operations_map.c ---- */
extern const operation operation_spaces, operation_step, operation_map;

/* ---- operations_replay.c ---- */
extern const operation operation_transitions_create, operation_replay_open, operation_replay_close;

/* ---- operations_replay_view.c, operations_rollouts.c ---- */
extern const operation operation_replay_view, operation_rollouts;

/* ---- operations_keep.c ---- */
extern const operation operation_space_create, operation_space_drop, operation_profile_set, operation_encoders,
    operation_transitions_limit, operation_upkeep, operation_check, operation_compact;
/* ---- operations_find.c ---- */
extern const operation operation_lookup, operation_nearest, operation_vector, operation_times, operation_context;
/* ---- operations_events.c ---- */
extern const operation operation_events_imagine, operation_events_judge;

#endif
