"""What the public headers declare, for ctypes. Written by declare.py; edit the headers, then run that.

Handles and data are addresses (c_void_p), texts are bytes (c_char_p); structs have the names and members that they
have in C. FUNCTIONS tells of each function its result and its parameters, and HEADERS where its manual is.
"""

from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_int64,
                    c_size_t, c_uint32, c_uint64, c_void_p)


class STATUS(c_int):
    """The result of a function that returns an epi_status."""


EPI_TEXT_SIZE_MAX = (64 * 1024 * 1024)
EPI_CUE_SIZE_MAX = (64 * 1024)
EPI_NAME_SIZE_MAX = 255
EPI_TITLE_SIZE_MAX = 4096
EPI_OUTCOME_SIZE_MAX = 65536
EPI_EXTERNAL_ID_SIZE_MAX = 255
EPI_METADATA_SIZE_MAX = (1024 * 1024)
EPI_TAG_SIZE_MAX = 255
EPI_TAG_COUNT_MAX = 64
EPI_PART_COUNT_MAX = 64
EPI_INLINE_SIZE_MAX = 256
EPI_DIMENSION_MAX = 16384
EPI_HASH_DIMENSION_DEFAULT = 256
EPI_HASH_DIMENSION_MIN = 16
EPI_LSA_DIMENSION_DEFAULT = 100
EPI_LSA_DIMENSION_MIN = 2
EPI_LSA_DIMENSION_MAX = 512
EPI_COMPARE_STEPS_DEFAULT = 1000
EPI_COMPARE_STEPS_MAX = 2000
EPI_RANK_MAX = 8
EPI_TENSOR_SIZE_MAX = (64 * 1024 * 1024)
EPI_REMOTE_BATCH_DEFAULT = 64
EPI_REMOTE_BATCH_MAX = 2048
EPI_REMOTE_PARALLEL_DEFAULT = 4
EPI_REMOTE_PARALLEL_MAX = 64
EPI_REMOTE_ATTEMPTS_DEFAULT = 4
EPI_REMOTE_ATTEMPTS_MAX = 100
EPI_REMOTE_TIMEOUT_MS_DEFAULT = 30000
EPI_REMOTE_LIMIT_MS_DEFAULT = 60000
EPI_REMOTE_MS_MAX = 3600000
EPI_REMOTE_PAUSE_MS_DEFAULT = 500
EPI_REMOTE_TEXT_SIZE_DEFAULT = 24576
EPI_PROJECTION_ROWS_MAX = 8192
EPI_PROJECTION_ROUNDS_DEFAULT = 10
EPI_PROJECTION_ROUNDS_MAX = 1000
EPI_APPEND_COUNT_MAX = 65536
EPI_APPEND_SIZE_MAX = (256 * 1024 * 1024)
EPI_LANE_COUNT_MAX = 65536
EPI_K_DEFAULT = 10
EPI_K_MAX = 10000
EPI_TOKEN_BUDGET_DEFAULT = 1024
EPI_TOKEN_BUDGET_MAX = 1048576
EPI_NO_TEXT = (1 << 32) - 1
EPI_SCENE_MARGIN_DEFAULT = 1
EPI_SCENE_MARGIN_MAX = 64
EPI_SCENE_GAP_S = 1800
EPI_TIME_MENTION_COUNT_MAX = 32
EPI_FACT_COUNT_MAX = 32
EPI_FACT_NAME_SIZE_MAX = 200
EPI_FACT_VALUE_SIZE_MAX = 4096
EPI_ROLLOUT_COUNT_MAX = 256
EPI_ROLLOUT_STEPS_DEFAULT = 1000
EPI_ROLLOUT_STEPS_MAX = 100000
EPI_BEAM_DEFAULT = 64
EPI_BEAM_MAX = 4096
EPI_NEIGHBOURS_DEFAULT = 12
EPI_NEIGHBOURS_MAX = 64
EPI_EXPANSIONS_DEFAULT = 200000
EPI_EXPANSIONS_MAX = 100000000
EPI_CONTEXT_COUNT_MAX = 64
EPI_JOIN_RADIUS_DEFAULT = 1.0
EPI_PLAUSIBILITY_DEFAULT = 0.001
EPI_DOUBT_COST_DEFAULT = 10.0
EPI_DISAGREEMENT_DEFAULT = 0.5
EPI_REPORT_COUNT_MAX = 4096
EPI_GRAPH_STATE_COUNT_MAX = (1 << 30)
EPI_GRAPH_STEP_COUNT_MAX = (1 << 30)
EPI_BACKUP_COUNT_MAX_DEFAULT = 100000000
EPI_POLICY_TABLE_COUNT_MAX = (1 << 26)
EPI_POLICY_SWEEP_COUNT_MAX = 100000
EPI_MAP_SIZE_DEFAULT = (256 << 30)
EPI_MAP_SIZE_MIN = (1 << 20)
EPI_MAP_SIZE_MAX = (16 << 40)
EPI_READERS_DEFAULT = 1022
EPI_READERS_MIN = 2
EPI_READERS_MAX = 65534
EPI_SPACE_COUNT_MAX = 16777216
EPI_GROUP_SIZE_DEFAULT = (1024 * 1024)
EPI_GROUP_SIZE_MAX = (256 * 1024 * 1024)
EPI_GROUP_MS_DEFAULT = 100
EPI_GROUP_MS_MAX = 3600000
EPI_PENDING_SIZE_MAX = (64 * 1024 * 1024)
EPI_PURGE_AFTER_DAYS_DEFAULT = 30
EPI_REMEMBER_GAP_S_DEFAULT = 3600
EPI_TIME_NONE = -(1 << 63)
EPI_TIME_MIN = (-62135596800000000)
EPI_TIME_MAX = (253402300799999999)
EPI_TIME_TEXT_SIZE = 40
EPI_ENCODER_BATCH_DEFAULT = 256
EPI_ROLE_SEARCH = 1
EPI_ROLE_KEYWORD = 2
EPI_ROLE_VECTOR = 4
EPI_ROLE_REQUIRED = 8
EPI_TRANSITION_ROLE_COUNT = 5
EPI_PROFILE_REASON_SIZE = 96
EPI_ENCODER_NOTE_SIZE = 256
EPI_STEP_TERMINATED = 1
EPI_STEP_TRUNCATED = 2
EPI_STEP_IMAGINED = 4
EPI_FACT_OWNER = b"owner"
EPI_EVENT_ROLES_MAX = 8
EPI_EVENT_COUNT_MAX = 10000
EPI_STORY_COUNT_MAX = 256
EPI_EVENT_CONTRADICTION = 0.02
EPI_CANDIDATE_COUNT_MAX = 1024
EPI_COURSE_COUNT_MAX = 64
EPI_PROSPECT_SOURCES_DEFAULT = 8
EPI_PROSPECT_SOURCES_MAX = 1024
EPI_PROSPECT_CONFIDENCE_DEFAULT = 0.8
EPI_SEEN_SIZE_MAX = 512
EPI_SEEN_COUNT_MAX = 3
EPI_NO_STATE = (1 << 32) - 1
EPI_SALVAGE_ID_COUNT = 8
EPI_OBSERVATION = b"observation"
EPI_ACTION = b"action"
EPI_REWARD = b"reward"
EPI_TERMINATED = b"terminated"
EPI_TRUNCATED = b"truncated"
EPI_NEXT_OBSERVATION = b"next_observation"
EPI_PRIORITY = b"priority"
EPI_DISCOUNT = b"discount"
EPI_MASK = b"mask"
EPI_TRAINED = b"trained"
EPI_RELABELLED = b"relabelled"
EPI_BATCH_SIZE_MAX = 1048576
EPI_BATCH_STEPS_MAX = 16777216
EPI_N_STEP_MAX = 1024
EPI_FRAME_STACK_MAX = 256
EPI_SEQUENCE_LENGTH_MAX = 1048576
EPI_STATE_COUNT_MAX = 8
EPI_ALPHA_MAX = 16.0
EPI_PREFETCH_DEPTH_MAX = 64
EPI_JSON_DEPTH_MAX = 256
EPI_JSON_SIZE_MAX = (1024 * 1024 * 1024)

# enum epi_status
EPI_OK = 0
EPI_EINVAL = -1
EPI_ENOMEM = -2
EPI_EINTERNAL = -3
EPI_ECLOSED = -4
EPI_EFORK = -5
EPI_EBUSY = -6
EPI_ETIMEOUT = -7
EPI_EUNSUPPORTED = -8
EPI_EDONE = -9
EPI_ECANCELLED = -10
EPI_EUTF8 = -20
EPI_ENUMBER = -21
EPI_EDIMENSION = -22
EPI_EZERO = -23
EPI_EROLE = -24
EPI_ETYPE = -25
EPI_ELIMIT = -26
EPI_EJSON = -27
EPI_EFORMAT = -28
EPI_ENOTFOUND = -40
EPI_EEXISTS = -41
EPI_ECONFLICT = -42
EPI_ESTALE = -43
EPI_ESCHEMA = -44
EPI_EMISMATCH = -45
EPI_EENDED = -46
EPI_EIO = -60
EPI_EDISKFULL = -61
EPI_EMAPFULL = -62
EPI_EQUOTA = -63
EPI_EREADERS = -64
EPI_EDAMAGED = -65
EPI_EVERSION = -66
EPI_EREADONLY = -67
EPI_EPERMISSION = -68
EPI_ENOTMEMORY = -69

# enum epi_time_precision
EPI_PRECISION_MINUTE = 1
EPI_PRECISION_HOUR = 2
EPI_PRECISION_DAY_PART = 3
EPI_PRECISION_DAY = 4
EPI_PRECISION_WEEKEND = 5
EPI_PRECISION_WEEK = 6
EPI_PRECISION_MONTH = 7
EPI_PRECISION_SEASON = 8
EPI_PRECISION_YEAR = 9
EPI_PRECISION_DECADE = 10

# enum epi_sync_policy
EPI_SYNC_EACH_COMMIT = 0
EPI_SYNC_GROUPED = 1
EPI_SYNC_MANUAL = 2

# enum epi_role_type
EPI_TEXT = 1
EPI_BLOB = 2
EPI_JSON = 3
EPI_TENSOR = 4

# enum epi_dtype
EPI_DTYPE_NONE = 0
EPI_F32 = 1
EPI_F64 = 2
EPI_I8 = 3
EPI_I16 = 4
EPI_I32 = 5
EPI_I64 = 6
EPI_U8 = 7
EPI_U16 = 8
EPI_U32 = 9
EPI_U64 = 10
EPI_BOOL = 11

# enum epi_encoder_kind
EPI_ENCODER_NONE = 0
EPI_ENCODER_HASH = 1
EPI_ENCODER_GIVEN = 2

# enum epi_metric
EPI_COSINE = 1
EPI_L2 = 2

# enum epi_profile_kind
EPI_PROFILE_AUTO = 0
EPI_PROFILE_CHAT = 1
EPI_PROFILE_ASSISTANT = 2
EPI_PROFILE_DOCUMENTS = 3
EPI_PROFILE_EVENTS = 4

# enum epi_provenance
EPI_STORED = 1
EPI_SUPERSEDED = 2
EPI_INFERRED = 3

# enum epi_search
EPI_SEARCH_AUTO = 0
EPI_SEARCH_BEST_FIRST = 1
EPI_SEARCH_BEAM = 2
EPI_SEARCH_MCTS = 3

# enum epi_join_test
EPI_JOIN_EVIDENCE = 0
EPI_JOIN_DISTANCE = 1

# enum epi_stop_reason
EPI_STOP_GOAL = 1
EPI_STOP_STEPS = 2
EPI_STOP_TERMINATED = 3
EPI_STOP_DEAD_END = 4
EPI_STOP_UNREACHABLE = 5
EPI_STOP_EXPANSIONS = 6
EPI_STOP_TIME = 7

# enum epi_report
EPI_CONFIRMED = 1
EPI_REFUTED = 2

# enum epi_ranking
EPI_RANK_MEAN = 0
EPI_RANK_LOWER = 1
EPI_RANK_MAXIMUM = 2

# enum epi_format
EPI_FORMAT_AUTO = 0
EPI_FORMAT_JSONL = 1
EPI_FORMAT_LOCOMO = 2
EPI_FORMAT_OPENAI = 3
EPI_FORMAT_CHATGPT = 4
EPI_FORMAT_MCP = 5
EPI_FORMAT_MEM0 = 6
EPI_FORMAT_AGENT = 7

# enum epi_eviction_unit
EPI_EVICT_STEPS = 0
EPI_EVICT_EPISODES = 1

# enum epi_sampler
EPI_SAMPLER_UNIFORM = 1
EPI_SAMPLER_PROPORTIONAL = 2
EPI_SAMPLER_RANK = 3
EPI_SAMPLER_FIFO = 4
EPI_SAMPLER_LIFO = 5
EPI_SAMPLER_MAX_HEAP = 6

# enum epi_weight_norm
EPI_WEIGHTS_BY_BUFFER = 0
EPI_WEIGHTS_BY_BATCH = 1

# enum epi_her
EPI_HER_NONE = 0
EPI_HER_FUTURE = 1
EPI_HER_FINAL = 2
EPI_HER_EPISODE = 3

# enum epi_projection_kind
EPI_PROJECTION_LEARNED = 0
EPI_PROJECTION_RANDOM = 1
EPI_PROJECTION_IDENTITY = 2

# enum epi_json_type
EPI_JSON_ABSENT = 0
EPI_JSON_NULL = 1
EPI_JSON_BOOL = 2
EPI_JSON_NUMBER = 3
EPI_JSON_STRING = 4
EPI_JSON_ARRAY = 5
EPI_JSON_OBJECT = 6

epi_her_reward = CFUNCTYPE(c_double, c_void_p, c_void_p, c_void_p, c_void_p)



class epi_error(Structure):
    _fields_ = [("status", c_int), ("module", c_char_p), ("message", c_char_p)]


class epi_interval(Structure):
    _fields_ = [("from", c_int64), ("to", c_int64), ("utc_offset_min", c_int32)]


class epi_time_mention(Structure):
    _fields_ = [("from", c_size_t), ("to", c_size_t), ("interval", epi_interval), ("precision", c_int)]


class epi_memory_options(Structure):
    _fields_ = [("version", c_uint32), ("read_only", c_bool), ("create", c_bool), ("sync", c_int),
        ("group_size", c_uint32), ("group_ms", c_uint32), ("map_size", c_uint64), ("quota", c_uint64),
        ("readers_max", c_uint32), ("now", CFUNCTYPE(c_int64, c_void_p)), ("now_context", c_void_p),
        ("log", CFUNCTYPE(None, c_void_p, c_char_p)), ("log_context", c_void_p)]


class epi_memory_stats(Structure):
    _fields_ = [("spaces", c_uint64), ("map_size", c_uint64), ("used_size", c_uint64), ("file_size", c_uint64),
        ("quota", c_uint64), ("entries", c_uint64), ("readers", c_uint32), ("readers_max", c_uint32),
        ("format", c_uint32)]


class epi_violation(Structure):
    _fields_ = [("space", c_char_p), ("table", c_char_p), ("key", c_char_p), ("reason", c_char_p)]


class epi_check_report(Structure):
    _fields_ = [("records", c_uint64), ("violations", c_uint64)]


class epi_encoder_text(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]


class epi_encoder(Structure):
    _fields_ = [("version", c_uint32), ("name", c_char_p), ("parameters", c_char_p), ("source", c_char_p),
        ("dimension", c_uint32), ("batch_max", c_uint32), ("text_us", c_double),
        ("encode", CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(epi_encoder_text), c_size_t)),
        ("close", CFUNCTYPE(None, c_void_p)), ("context", c_void_p)]


class epi_remote_options(Structure):
    _fields_ = [("version", c_uint32), ("url", c_char_p), ("model", c_char_p), ("dimension", c_uint32),
        ("send_dimension", c_bool), ("key_variable", c_char_p), ("key_file", c_char_p), ("ca_file", c_char_p),
        ("cache", c_char_p), ("batch", c_uint32), ("parallel", c_uint32), ("attempts", c_uint32),
        ("timeout_ms", c_uint32), ("limit_ms", c_uint32), ("pause_ms", c_uint32), ("text_size_max", c_uint32),
        ("text_us", c_double)]


class epi_role(Structure):
    _fields_ = [("name", c_char_p), ("type", c_int), ("flags", c_uint32), ("weight", c_float), ("dtype", c_int),
        ("rank", c_uint32), ("shape", c_uint32 * (EPI_RANK_MAX))]


class epi_schema(Structure):
    _fields_ = [("version", c_uint32), ("preset", c_char_p), ("roles", POINTER(epi_role)), ("role_count", c_size_t),
        ("encoder", c_int), ("dimension", c_uint32), ("metric", c_int), ("language", c_char_p)]


class epi_space_stats(Structure):
    _fields_ = [("sequence", c_uint64), ("episodes", c_uint64), ("steps", c_uint64), ("forgotten", c_uint64),
        ("superseded", c_uint64), ("components", c_uint64), ("component_size", c_uint64), ("shared", c_uint64),
        ("terms", c_uint64), ("words", c_uint64), ("vectors", c_uint64), ("dimension", c_uint64),
        ("generation", c_uint64), ("backlog", c_uint64), ("vector_worth", c_double), ("building", c_uint64),
        ("building_done", c_uint64), ("building_left", c_uint64), ("unsealed", c_uint64), ("indexed", c_uint64),
        ("journal", c_uint64), ("first_event", c_int64), ("last_event", c_int64), ("questions", c_uint64),
        ("user_steps", c_uint64), ("assistant_steps", c_uint64), ("profile", c_int), ("profile_set", c_bool),
        ("profile_reason", c_char * (EPI_PROFILE_REASON_SIZE))]


class epi_encoder_info(Structure):
    _fields_ = [("name", c_char * (EPI_NAME_SIZE_MAX + 1)), ("generation", c_uint64), ("dimension", c_uint32),
        ("vectors", c_uint64), ("left", c_uint64), ("refused", c_uint64), ("ready", c_bool),
        ("note", c_char * (EPI_ENCODER_NOTE_SIZE))]


class epi_encoder_comparison(Structure):
    _fields_ = [("first", c_char * (EPI_NAME_SIZE_MAX + 1)), ("second", c_char * (EPI_NAME_SIZE_MAX + 1)),
        ("first_dimension", c_uint32), ("second_dimension", c_uint32), ("steps", c_uint64), ("similarity", c_double),
        ("alignment", c_double), ("alignment_by_chance", c_double)]


class epi_upkeep_options(Structure):
    _fields_ = [("version", c_uint32), ("time_limit_ms", c_uint32), ("seal", c_bool), ("index", c_bool),
        ("expire", c_bool), ("embed", c_bool), ("progress", CFUNCTYPE(c_bool, c_void_p, c_uint64, c_uint64)),
        ("context", c_void_p)]


class epi_upkeep_report(Structure):
    _fields_ = [("sealed", c_uint64), ("indexed", c_uint64), ("expired", c_uint64), ("embedded", c_uint64),
        ("waiting", c_uint64), ("complete", c_bool)]


class epi_part(Structure):
    _fields_ = [("role", c_char_p), ("data", c_void_p), ("size", c_size_t)]


class epi_fact(Structure):
    _fields_ = [("subject", c_char_p), ("attribute", c_char_p), ("value", c_char_p), ("from", c_int64),
        ("to", c_int64)]


class epi_step(Structure):
    _fields_ = [("version", c_uint32), ("parts", POINTER(epi_part)), ("part_count", c_size_t),
        ("event_time", c_int64), ("event_end", c_int64), ("utc_offset_min", c_int32), ("external_id", c_char_p),
        ("tags", POINTER(c_char_p)), ("tag_count", c_size_t), ("metadata", c_char_p), ("supersedes", c_uint64),
        ("vector", c_void_p), ("vector_size", c_size_t), ("reward", c_double), ("flags", c_uint32),
        ("facts", POINTER(epi_fact)), ("fact_count", c_size_t)]


class epi_episode_options(Structure):
    _fields_ = [("version", c_uint32), ("title", c_char_p), ("external_id", c_char_p), ("begin", c_int64),
        ("tags", POINTER(c_char_p)), ("tag_count", c_size_t), ("metadata", c_char_p)]


class epi_outcome(Structure):
    _fields_ = [("version", c_uint32), ("text", c_char_p), ("reward", c_double), ("has_reward", c_bool),
        ("end", c_int64)]


class epi_experience(Structure):
    _fields_ = [("version", c_uint32), ("episode", c_uint64), ("begin", POINTER(epi_episode_options)),
        ("steps", POINTER(epi_step)), ("step_count", c_size_t), ("outcome", POINTER(epi_outcome))]


class epi_filter(Structure):
    _fields_ = [("version", c_uint32), ("steps", c_void_p), ("step_count", c_size_t), ("episodes", c_void_p),
        ("episode_count", c_size_t), ("from", c_int64), ("to", c_int64), ("as_of", c_int64), ("valid_at", c_int64),
        ("parts", POINTER(epi_part)), ("part_count", c_size_t), ("tags", POINTER(c_char_p)), ("tag_count", c_size_t),
        ("include_superseded", c_bool), ("include_forgotten", c_bool)]


class epi_cue(Structure):
    _fields_ = [("version", c_uint32), ("text", c_char_p), ("vector", c_void_p), ("vector_size", c_size_t),
        ("parts", POINTER(epi_part)), ("part_count", c_size_t), ("filter", epi_filter), ("now", c_int64),
        ("utc_offset_min", c_int32)]


class epi_recall_profile(Structure):
    _fields_ = [("version", c_uint32), ("lexical", c_double), ("k1", c_double), ("b", c_double),
        ("vector", c_double), ("beside", c_double), ("context", c_double), ("reach", c_double),
        ("episode", c_double), ("speaker", c_double), ("user", c_double), ("question", c_double),
        ("answer", c_double), ("time", c_double), ("time_fit", c_double), ("crowd", c_double), ("several", c_double),
        ("opening", c_double), ("news", c_double), ("self", c_double), ("past", c_double), ("hop", c_double),
        ("recency", c_double), ("recency_half_life_days", c_double), ("several_context", c_double),
        ("several_episode", c_double), ("several_speaker", c_double), ("several_opening", c_double),
        ("several_news", c_double)]


class epi_recall_options(Structure):
    _fields_ = [("version", c_uint32), ("k", c_uint32), ("token_budget", c_uint32), ("scene_margin", c_uint32),
        ("profile", POINTER(epi_recall_profile)), ("ef", c_uint32), ("scene_reach", c_uint32),
        ("complete", c_double), ("when", c_bool)]


class epi_hit(Structure):
    _fields_ = [("step", c_uint64), ("episode", c_uint64), ("score", c_double), ("scene", c_size_t),
        ("scene_step", c_size_t), ("external_id", c_char_p)]


class epi_evidence(Structure):
    _fields_ = [("signal", c_char_p), ("value", c_double), ("weight", c_double), ("contribution", c_double)]


class epi_moment(Structure):
    _fields_ = [("step", c_uint64), ("role", c_char_p), ("mention", epi_time_mention)]


class epi_recalled_part(Structure):
    _fields_ = [("role", c_char_p), ("type", c_int), ("data", c_void_p), ("size", c_size_t), ("provenance", c_int),
        ("confidence", c_double), ("source_step", c_uint64), ("sources", c_void_p), ("source_count", c_size_t)]


class epi_told_time(Structure):
    _fields_ = [("role", c_char_p), ("mention", epi_time_mention)]


class epi_stated_fact(Structure):
    _fields_ = [("fact", epi_fact), ("given", c_bool), ("role", c_char_p), ("text_from", c_size_t),
        ("text_to", c_size_t)]


class epi_recalled_step(Structure):
    _fields_ = [("id", c_uint64), ("episode", c_uint64), ("index", c_uint64), ("score", c_double),
        ("event", epi_interval), ("ingest_time", c_int64), ("supersedes", c_uint64), ("superseded_by", c_uint64),
        ("reward", c_double), ("flags", c_uint32), ("forgotten", c_bool), ("external_id", c_char_p),
        ("metadata", c_char_p), ("tags", POINTER(c_char_p)), ("tag_count", c_size_t),
        ("times", POINTER(epi_told_time)), ("time_count", c_size_t), ("part_count", c_size_t),
        ("facts", POINTER(epi_stated_fact)), ("fact_count", c_size_t)]


class epi_scene(Structure):
    _fields_ = [("score", c_double), ("episode", c_uint64), ("title", c_char_p), ("text", c_char_p),
        ("step_count", c_size_t)]


class epi_episode_info(Structure):
    _fields_ = [("id", c_uint64), ("title", c_char_p), ("external_id", c_char_p), ("metadata", c_char_p),
        ("outcome", c_char_p), ("reward", c_double), ("has_reward", c_bool), ("ended", c_bool),
        ("step_count", c_uint64), ("time", epi_interval), ("tags", POINTER(c_char_p)), ("tag_count", c_size_t)]


class epi_fact_cue(Structure):
    _fields_ = [("version", c_uint32), ("subject", c_char_p), ("attribute", c_char_p), ("as_of", c_int64),
        ("valid_at", c_int64)]


class epi_known_fact(Structure):
    _fields_ = [("fact", epi_fact), ("until", c_int64), ("utc_offset_min", c_int32), ("given", c_bool),
        ("said", c_char_p), ("role", c_char_p), ("text_from", c_size_t), ("text_to", c_size_t), ("step", c_uint64),
        ("episode", c_uint64), ("ingest_time", c_int64), ("superseded_by", c_uint64), ("current", c_bool)]


class epi_extractor(Structure):
    _fields_ = [("version", c_uint32), ("extract", CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(epi_step))),
        ("close", CFUNCTYPE(None, c_void_p)), ("context", c_void_p)]


class epi_tensor(Structure):
    _fields_ = [("data", c_void_p), ("count", c_size_t), ("dtype", c_int)]


class epi_situation(Structure):
    _fields_ = [("version", c_uint32), ("observation", epi_tensor), ("context", epi_tensor), ("step", c_uint64),
        ("cue", POINTER(epi_cue))]


class epi_goal(Structure):
    _fields_ = [("version", c_uint32), ("observation", epi_tensor), ("tolerance", c_double),
        ("cue", POINTER(epi_cue)), ("reached", CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t)),
        ("reached_context", c_void_p), ("step", c_uint64)]


class epi_imagine_options(Structure):
    _fields_ = [("version", c_uint32), ("search", c_int), ("test", c_int), ("k", c_uint32), ("beam", c_uint32),
        ("neighbours", c_uint32), ("joins_max", c_uint32), ("steps_max", c_uint32), ("expansions_max", c_uint32),
        ("time_ms", c_uint32), ("seed", c_uint64), ("join_radius", c_double), ("plausibility_min", c_double),
        ("novelty_min", c_double), ("discount", c_double), ("risk", c_double), ("doubt_cost", c_double),
        ("context", c_uint32), ("filter", POINTER(epi_filter)),
        ("valid", CFUNCTYPE(c_bool, c_void_p, c_void_p, c_void_p, c_void_p)),
        ("reward", CFUNCTYPE(c_double, c_void_p, c_void_p, c_void_p, c_void_p, c_double)),
        ("heuristic", CFUNCTYPE(c_double, c_void_p, c_void_p)),
        ("step", CFUNCTYPE(c_bool, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p)),
        ("distance", CFUNCTYPE(c_double, c_void_p, c_void_p, c_void_p)), ("callback_context", c_void_p)]


class epi_join(Structure):
    _fields_ = [("from_step", c_uint64), ("to_step", c_uint64), ("to_episode", c_uint64), ("index", c_size_t),
        ("distance", c_double), ("agreement", c_double), ("passage", c_double), ("context", c_double),
        ("support", c_uint32), ("confirmed", c_uint32), ("refuted", c_uint32), ("plausibility", c_double)]


class epi_piece(Structure):
    _fields_ = [("episode", c_uint64), ("first_step", c_uint64), ("index", c_size_t), ("count", c_size_t),
        ("join", POINTER(epi_join))]


class epi_imagined_step(Structure):
    _fields_ = [("step", c_uint64), ("episode", c_uint64), ("observation", c_void_p), ("expected", c_void_p),
        ("action", c_void_p), ("action_size", c_size_t), ("reward", c_double), ("flags", c_uint32),
        ("join", POINTER(epi_join))]


class epi_rollout(Structure):
    _fields_ = [("return_mean", c_double), ("return_spread", c_double), ("return_low", c_double),
        ("plausibility", c_double), ("novelty", c_double), ("step_count", c_size_t), ("piece_count", c_size_t),
        ("join_count", c_size_t), ("stop_reason", c_int), ("end", c_void_p)]


class epi_planner_options(Structure):
    _fields_ = [("version", c_uint32), ("imagine", epi_imagine_options), ("disagreement", c_double),
        ("horizon", c_uint32), ("replans_max", c_uint32)]


class epi_planner_stats(Structure):
    _fields_ = [("version", c_uint32), ("plans", c_uint64), ("disagreements", c_uint64), ("expansions", c_uint64),
        ("seconds", c_double), ("expansions_per_second", c_double), ("reward", c_double), ("step", c_size_t)]


class epi_bundle(Structure):
    _fields_ = [("roles", POINTER(c_char_p)), ("role_count", c_size_t)]


class epi_imagine_events_options(Structure):
    _fields_ = [("version", c_uint32), ("bundles", POINTER(epi_bundle)), ("bundle_count", c_size_t), ("k", c_uint32),
        ("draws", c_uint32), ("plausibility_min", c_double), ("novelty_min", c_double), ("seed", c_uint64),
        ("valid", CFUNCTYPE(c_bool, c_void_p, POINTER(epi_part), c_size_t)), ("context", c_void_p)]


class epi_imagined_part(Structure):
    _fields_ = [("role", c_char_p), ("data", c_void_p), ("size", c_size_t), ("source", c_uint64),
        ("bundle", c_size_t)]


class epi_event_join(Structure):
    _fields_ = [("from_role", c_char_p), ("to_role", c_char_p), ("witness", c_uint64), ("witnesses", c_size_t)]


class epi_imagined_event(Structure):
    _fields_ = [("plausibility", c_double), ("novelty", c_double), ("support", c_size_t),
        ("parts", POINTER(epi_imagined_part)), ("part_count", c_size_t), ("joins", POINTER(epi_event_join)),
        ("join_count", c_size_t), ("before", c_uint64), ("after", c_uint64), ("witnesses", c_size_t)]


class epi_event_judgement(Structure):
    _fields_ = [("plausibility", c_double), ("novelty", c_double), ("support", c_size_t), ("contradiction", c_bool)]


class epi_candidate(Structure):
    _fields_ = [("tool", c_char_p), ("arguments", c_char_p)]


class epi_imagine_actions_options(Structure):
    _fields_ = [("version", c_uint32), ("propose_count", c_uint32), ("course_count", c_uint32),
        ("source_count", c_uint32), ("confidence", c_double), ("success_above", c_double)]


class epi_precedent(Structure):
    _fields_ = [("step", c_uint64), ("episode", c_uint64), ("similarity", c_double)]


class epi_seen(Structure):
    _fields_ = [("text", c_char_p), ("share", c_double), ("count", c_size_t), ("step", c_uint64)]


class epi_prospect(Structure):
    _fields_ = [("tool", c_char_p), ("arguments", c_char_p), ("proposed", c_bool), ("no_precedent", c_bool),
        ("tried", c_size_t), ("succeeded", c_size_t), ("similar", c_double), ("success_rate", c_double),
        ("success_low", c_double), ("success_high", c_double), ("has_cost", c_bool), ("cost", c_double),
        ("reward", c_double), ("success", epi_precedent), ("failure", epi_precedent), ("results", POINTER(epi_seen)),
        ("result_count", c_size_t), ("errors", POINTER(epi_seen)), ("error_count", c_size_t),
        ("next", POINTER(epi_seen)), ("next_count", c_size_t), ("sources", c_void_p), ("source_count", c_size_t)]


class epi_stage(Structure):
    _fields_ = [("tool", c_char_p), ("arguments", c_char_p), ("situation", c_char_p), ("rate", c_double),
        ("rate_low", c_double), ("witnesses", c_size_t), ("step", c_uint64), ("episode", c_uint64)]


class epi_course(Structure):
    _fields_ = [("stages", epi_stage * (2)), ("rate", c_double), ("rate_low", c_double), ("stitched", c_bool)]


class epi_graph_options(Structure):
    _fields_ = [("version", c_uint32), ("radius", c_double), ("state_count_max", c_uint32), ("seed", c_uint64)]


class epi_transition(Structure):
    _fields_ = [("version", c_uint32), ("observation", c_void_p), ("action", c_void_p), ("reward", c_double),
        ("next_observation", c_void_p), ("flags", c_uint32)]


class epi_graph_step(Structure):
    _fields_ = [("state", c_uint32), ("action", c_uint32), ("next", c_uint32), ("terminated", c_bool),
        ("reward", c_double), ("age", c_uint64), ("source", c_uint64)]


class epi_graph_stats(Structure):
    _fields_ = [("states", c_uint32), ("visited", c_uint32), ("actions", c_uint32), ("pairs", c_uint32),
        ("outcomes", c_uint32), ("repeated", c_uint32), ("stochastic", c_uint32), ("steps", c_uint64),
        ("unfinished", c_uint64)]


class epi_graph_tried(Structure):
    _fields_ = [("state", c_uint32), ("action", c_uint32), ("count", c_uint32), ("episodes", c_uint32),
        ("outcome_count", c_uint32), ("deterministic", c_bool), ("reward_mean", c_double),
        ("reward_deviation", c_double), ("terminated", c_double), ("age", c_uint64)]


class epi_graph_outcome(Structure):
    _fields_ = [("state", c_uint32), ("action", c_uint32), ("next", c_uint32), ("terminated", c_bool),
        ("count", c_uint32), ("episodes", c_uint32), ("reward_mean", c_double), ("reward_deviation", c_double),
        ("age", c_uint64)]


class epi_policy_options(Structure):
    _fields_ = [("version", c_uint32), ("ranking", c_int), ("risk", c_double), ("discount", c_double),
        ("horizon", c_uint32), ("unknown_value", c_double), ("tolerance", c_double), ("backup_count_max", c_uint64),
        ("time_limit_ms", c_uint32)]


class epi_policy_report(Structure):
    _fields_ = [("backups", c_uint64), ("changed", c_uint64), ("settled", c_bool), ("residual", c_double)]


class epi_policy_choice(Structure):
    _fields_ = [("state", c_uint32), ("action", c_uint32), ("action_value", c_void_p), ("value", c_double),
        ("mean", c_double), ("count", c_uint32), ("episodes", c_uint32), ("deterministic", c_bool)]


class epi_prediction(Structure):
    _fields_ = [("state", c_uint32), ("return_mean", c_double), ("return_low", c_double),
        ("return_deviation", c_double), ("terminated", c_double), ("unknown", c_double)]


class epi_import_options(Structure):
    _fields_ = [("version", c_uint32), ("format", c_int), ("space", c_char_p), ("source", c_char_p),
        ("progress", CFUNCTYPE(c_bool, c_void_p, c_uint64, c_uint64)), ("context", c_void_p)]


class epi_import_report(Structure):
    _fields_ = [("format", c_int), ("spaces", c_uint64), ("episodes", c_uint64), ("steps", c_uint64),
        ("present", c_uint64), ("skipped", c_uint64), ("unread", c_uint64)]


class epi_salvage_report(Structure):
    _fields_ = [("steps", c_uint64), ("episodes", c_uint64), ("values", c_uint64), ("records", c_uint64),
        ("step_ids", c_uint64 * (EPI_SALVAGE_ID_COUNT)), ("episode_ids", c_uint64 * (EPI_SALVAGE_ID_COUNT))]


class epi_column(Structure):
    _fields_ = [("role", c_char_p), ("dtype", c_int), ("data", c_void_p), ("stride", c_size_t)]


class epi_transition_limits(Structure):
    _fields_ = [("version", c_uint32), ("max_steps", c_uint64), ("max_size", c_uint64), ("max_age_s", c_uint64),
        ("unit", c_int)]


class epi_transition_stats(Structure):
    _fields_ = [("steps", c_uint64), ("episodes", c_uint64), ("chunks", c_uint64), ("open", c_uint64),
        ("lanes", c_uint64), ("recorders", c_uint64), ("pending", c_uint64), ("capacity", c_uint32),
        ("step_size", c_uint32), ("stored_size", c_uint64)]


class epi_replay_options(Structure):
    _fields_ = [("version", c_uint32), ("sampler", c_int), ("name", c_char_p), ("alpha", c_double),
        ("seed", c_uint64), ("resume", c_bool), ("stratified", c_bool), ("without_replacement", c_bool),
        ("weight_norm", c_int), ("max_times_sampled", c_uint32), ("n_step", c_uint32), ("discount", c_double),
        ("initial_priority", c_double), ("min_steps", c_uint64), ("samples_per_insert", c_double),
        ("samples_ahead", c_double), ("timeout_ms", c_uint32), ("flush_updates", c_uint64), ("flush_ms", c_uint32),
        ("frame_stack", c_uint32), ("pad_with_zeros", c_bool), ("sequence_length", c_uint32),
        ("sequence_overlap", c_uint32), ("burn_in", c_uint32), ("states", POINTER(c_char_p)),
        ("state_count", c_size_t), ("her", c_int), ("her_k", c_double), ("her_achieved", c_char_p),
        ("her_desired", c_char_p), ("her_reward", epi_her_reward), ("her_context", c_void_p)]


class epi_batch(Structure):
    _fields_ = [("version", c_uint32), ("size", c_size_t), ("columns", POINTER(epi_column)),
        ("column_count", c_size_t), ("ids", c_void_p), ("weights", c_void_p), ("probabilities", c_void_p),
        ("count", c_size_t)]


class epi_replay_stats(Structure):
    _fields_ = [("steps", c_uint64), ("inserted", c_uint64), ("sampled", c_uint64), ("updated", c_uint64),
        ("samples_left", c_double), ("total_priority", c_double), ("least_priority", c_double),
        ("greatest_priority", c_double), ("memory_size", c_uint64), ("kernels", c_char_p)]


class epi_projection_options(Structure):
    _fields_ = [("version", c_uint32), ("kind", c_int), ("dimension", c_uint32), ("scale", c_bool),
        ("rounds", c_uint32), ("seed", c_uint64)]


STRUCTS = (epi_error, epi_interval, epi_time_mention, epi_memory_options, epi_memory_stats, epi_violation,
        epi_check_report, epi_encoder_text, epi_encoder, epi_remote_options, epi_role, epi_schema, epi_space_stats,
        epi_encoder_info, epi_encoder_comparison, epi_upkeep_options, epi_upkeep_report, epi_part, epi_fact,
        epi_step, epi_episode_options, epi_outcome, epi_experience, epi_filter, epi_cue, epi_recall_profile,
        epi_recall_options, epi_hit, epi_evidence, epi_moment, epi_recalled_part, epi_told_time, epi_stated_fact,
        epi_recalled_step, epi_scene, epi_episode_info, epi_fact_cue, epi_known_fact, epi_extractor, epi_tensor,
        epi_situation, epi_goal, epi_imagine_options, epi_join, epi_piece, epi_imagined_step, epi_rollout,
        epi_planner_options, epi_planner_stats, epi_bundle, epi_imagine_events_options, epi_imagined_part,
        epi_event_join, epi_imagined_event, epi_event_judgement, epi_candidate, epi_imagine_actions_options,
        epi_precedent, epi_seen, epi_prospect, epi_stage, epi_course, epi_graph_options, epi_transition,
        epi_graph_step, epi_graph_stats, epi_graph_tried, epi_graph_outcome, epi_policy_options, epi_policy_report,
        epi_policy_choice, epi_prediction, epi_import_options, epi_import_report, epi_salvage_report, epi_column,
        epi_transition_limits, epi_transition_stats, epi_replay_options, epi_batch, epi_replay_stats,
        epi_projection_options)

# Members that the headers' defaults set to something else than zero, by the function that does.
DEFAULTS = {
    "memory_options_default": (epi_memory_options, {"version": 1, "create": 1}),
    "encoder_default": (epi_encoder, {"version": 1}),
    "remote_options_default": (epi_remote_options, {"version": 1}),
    "schema_default": (epi_schema, {"version": 1, "preset": b'custom', "encoder": 1, "metric": 1}),
    "upkeep_options_default": (epi_upkeep_options, {"version": 1, "seal": 1, "index": 1, "expire": 1, "embed": 1}),
    "step_default": (epi_step, {"version": 1, "event_time": -9223372036854775808, "event_end": -9223372036854775808}),
    "episode_options_default": (epi_episode_options, {"version": 1, "begin": -9223372036854775808}),
    "outcome_default": (epi_outcome, {"version": 1, "end": -9223372036854775808}),
    "experience_default": (epi_experience, {"version": 1}),
    "filter_default": (epi_filter, {"version": 1, "from": -9223372036854775808, "to": -9223372036854775808,
        "as_of": -9223372036854775808, "valid_at": -9223372036854775808}),
    "cue_default": (epi_cue, {"version": 1, "filter__version": 1, "filter__from": -9223372036854775808,
        "filter__to": -9223372036854775808, "filter__as_of": -9223372036854775808,
        "filter__valid_at": -9223372036854775808, "now": -9223372036854775808}),
    "recall_options_default": (epi_recall_options, {"version": 1, "scene_margin": 1}),
    "fact_cue_default": (epi_fact_cue, {"version": 1, "as_of": -9223372036854775808,
        "valid_at": -9223372036854775808}),
    "extractor_default": (epi_extractor, {"version": 1}),
    "situation_default": (epi_situation, {"version": 1}),
    "goal_default": (epi_goal, {"version": 1}),
    "imagine_options_default": (epi_imagine_options, {"version": 1, "discount": 1, "risk": 1}),
    "planner_options_default": (epi_planner_options, {"version": 1, "imagine__version": 1, "imagine__discount": 1,
        "imagine__risk": 1}),
    "imagine_events_options_default": (epi_imagine_events_options, {"version": 1, "novelty_min": 1e-09}),
    "imagine_actions_options_default": (epi_imagine_actions_options, {"version": 1}),
    "graph_options_default": (epi_graph_options, {"version": 1}),
    "transition_default": (epi_transition, {"version": 1}),
    "policy_options_default": (epi_policy_options, {"version": 1, "ranking": 1, "risk": 1, "discount": 0.99,
        "tolerance": 1e-09}),
    "import_options_default": (epi_import_options, {"version": 1}),
    "transition_limits_default": (epi_transition_limits, {"version": 1}),
    "replay_options_default": (epi_replay_options, {"version": 1, "sampler": 2, "alpha": 0.6, "n_step": 1,
        "discount": 0.99, "initial_priority": 1, "flush_ms": 60000, "her_k": 4}),
    "replay_options_r2d2": (epi_replay_options, {"version": 1, "sampler": 2, "alpha": 0.9, "n_step": 5,
        "discount": 0.997, "initial_priority": 1, "flush_ms": 60000, "sequence_length": 80, "sequence_overlap": 40,
        "burn_in": 40, "her_k": 4}),
    "batch_default": (epi_batch, {"version": 1}),
    "projection_options_default": (epi_projection_options, {"version": 1, "scale": 1, "seed": 1}),
}

FUNCTIONS = {
    "epi_error_last": (POINTER(epi_error), ()),
    "epi_status_name": (c_char_p, (c_int,)),
    "epi_status_text": (c_char_p, (c_int,)),
    "epi_time_now": (c_int64, ()),
    "epi_time_parse": (STATUS, (POINTER(epi_interval), c_char_p)),
    "epi_time_text": (c_char_p, (c_char_p, c_int64, c_int32)),
    "epi_time_iso": (c_char_p, (c_char_p, c_int64, c_int32)),
    "epi_time_find": (STATUS, (POINTER(epi_time_mention), c_void_p, c_size_t, c_char_p, c_size_t, c_int64, c_int32)),
    "epi_memory_open": (STATUS, (c_void_p, c_char_p, POINTER(epi_memory_options))),
    "epi_memory_close": (STATUS, (c_void_p,)),
    "epi_sync": (STATUS, (c_void_p, c_void_p)),
    "epi_memory_stats_read": (STATUS, (POINTER(epi_memory_stats), c_void_p)),
    "epi_memory_check": (STATUS, (POINTER(epi_check_report), c_void_p,
        CFUNCTYPE(c_bool, c_void_p, POINTER(epi_violation)), c_void_p)),
    "epi_memory_compact": (STATUS, (c_void_p,)),
    "epi_encoder_fail": (STATUS, (c_int, c_char_p)),
    "epi_encoder_hash": (STATUS, (POINTER(epi_encoder), c_uint32)),
    "epi_encoder_static": (STATUS, (POINTER(epi_encoder), c_char_p)),
    "epi_encoder_remote": (STATUS, (POINTER(epi_encoder), POINTER(epi_remote_options))),
    "epi_encoder_lsa": (STATUS, (POINTER(epi_encoder), c_uint32)),
    "epi_encoder_close": (None, (POINTER(epi_encoder),)),
    "epi_schema_conversation": (POINTER(epi_schema), ()),
    "epi_schema_trajectory": (POINTER(epi_schema), ()),
    "epi_schema_events": (POINTER(epi_schema), ()),
    "epi_schema_transitions": (STATUS, (POINTER(epi_schema), POINTER(epi_role), c_uint32, c_int, c_uint32)),
    "epi_space_open": (STATUS, (c_void_p, c_void_p, c_char_p, POINTER(epi_schema))),
    "epi_space_close": (None, (c_void_p,)),
    "epi_space_name": (c_char_p, (c_void_p,)),
    "epi_space_schema": (POINTER(epi_schema), (c_void_p,)),
    "epi_space_list": (STATUS, (c_void_p, CFUNCTYPE(c_bool, c_void_p, c_char_p), c_void_p)),
    "epi_space_drop": (STATUS, (c_void_p, c_char_p)),
    "epi_profile_name": (c_char_p, (c_int,)),
    "epi_space_set_profile": (STATUS, (c_void_p, c_int)),
    "epi_space_stats_read": (STATUS, (POINTER(epi_space_stats), c_void_p)),
    "epi_space_encoder_give": (STATUS, (c_void_p, POINTER(epi_encoder))),
    "epi_space_encoder_set": (STATUS, (c_void_p, POINTER(epi_encoder))),
    "epi_space_encoders": (STATUS, (POINTER(epi_encoder_info), POINTER(epi_encoder_info), c_void_p)),
    "epi_space_encoder_compare": (STATUS, (POINTER(epi_encoder_comparison), c_void_p, POINTER(epi_encoder), c_uint32,
        c_uint64)),
    "epi_space_upkeep": (STATUS, (POINTER(epi_upkeep_report), c_void_p, POINTER(epi_upkeep_options))),
    "epi_episode_begin": (STATUS, (c_void_p, c_void_p, POINTER(epi_episode_options))),
    "epi_episode_resume": (STATUS, (c_void_p, c_void_p, c_uint64)),
    "epi_episode_close": (None, (c_void_p,)),
    "epi_episode_id": (c_uint64, (c_void_p,)),
    "epi_episode_append": (STATUS, (c_void_p, c_void_p, POINTER(epi_step))),
    "epi_episode_append_many": (STATUS, (c_void_p, c_void_p, POINTER(epi_step), c_size_t)),
    "epi_episode_end": (STATUS, (c_void_p, POINTER(epi_outcome))),
    "epi_remember": (STATUS, (c_void_p, c_void_p, c_void_p, POINTER(epi_step))),
    "epi_remember_text": (STATUS, (c_void_p, c_char_p, c_char_p, c_void_p)),
    "epi_remember_many": (STATUS, (c_void_p, c_void_p, c_void_p, POINTER(epi_experience), c_size_t)),
    "epi_forget": (STATUS, (c_void_p, c_void_p, POINTER(epi_filter), c_uint32, c_bool)),
    "epi_restore": (STATUS, (c_void_p, c_void_p, POINTER(epi_filter))),
    "epi_remove": (STATUS, (c_void_p, c_void_p, POINTER(epi_filter), c_bool)),
    "epi_purge": (STATUS, (c_void_p, c_void_p, POINTER(epi_filter))),
    "epi_recall_profile_of": (epi_recall_profile, (c_int,)),
    "epi_recall_profile_default": (epi_recall_profile, ()),
    "epi_recall": (STATUS, (c_void_p, c_void_p, POINTER(epi_cue), POINTER(epi_recall_options))),
    "epi_recall_text": (STATUS, (c_void_p, c_void_p, c_char_p, POINTER(epi_recall_options))),
    "epi_recollection_free": (None, (c_void_p,)),
    "epi_recollection_hit_count": (c_size_t, (c_void_p,)),
    "epi_recollection_hit": (POINTER(epi_hit), (c_void_p, c_size_t)),
    "epi_recollection_evidence": (POINTER(epi_evidence), (c_void_p, c_void_p, c_size_t)),
    "epi_recollection_moment": (c_bool, (POINTER(epi_moment), c_void_p, c_size_t)),
    "epi_recollection_count": (c_size_t, (c_void_p,)),
    "epi_recollection_scene": (POINTER(epi_scene), (c_void_p, c_size_t)),
    "epi_scene_step": (POINTER(epi_recalled_step), (POINTER(epi_scene), c_size_t)),
    "epi_recalled_step_part": (POINTER(epi_recalled_part), (POINTER(epi_recalled_step), c_size_t)),
    "epi_scene_part": (POINTER(epi_recalled_part), (POINTER(epi_scene), POINTER(epi_recalled_step), c_char_p)),
    "epi_recollection_completed": (POINTER(epi_recalled_part), (c_void_p, c_char_p)),
    "epi_recollection_context": (c_char_p, (c_void_p,)),
    "epi_recollection_context_steps": (c_void_p, (c_void_p, c_void_p)),
    "epi_episode_read": (STATUS, (c_void_p, c_void_p, c_uint64, c_uint64, c_size_t)),
    "epi_step_read": (STATUS, (c_void_p, c_void_p, c_uint64)),
    "epi_steps_read": (STATUS, (c_void_p, c_void_p, c_uint64, c_size_t)),
    "epi_step_vector": (STATUS, (c_void_p, c_void_p, c_void_p, c_uint64)),
    "epi_step_find": (STATUS, (c_void_p, c_void_p, c_char_p)),
    "epi_nearest": (STATUS, (c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_size_t, c_size_t, c_uint32)),
    "epi_timeline_read": (STATUS, (c_void_p, c_void_p, c_int64, c_int64, c_size_t)),
    "epi_timeline_free": (None, (c_void_p,)),
    "epi_timeline_count": (c_size_t, (c_void_p,)),
    "epi_timeline_episode": (POINTER(epi_episode_info), (c_void_p, c_size_t)),
    "epi_facts_now": (STATUS, (c_void_p, c_void_p, POINTER(epi_fact_cue))),
    "epi_facts_history": (STATUS, (c_void_p, c_void_p, POINTER(epi_fact_cue))),
    "epi_facts_free": (None, (c_void_p,)),
    "epi_facts_count": (c_size_t, (c_void_p,)),
    "epi_facts_at": (POINTER(epi_known_fact), (c_void_p, c_size_t)),
    "epi_extraction_add": (STATUS, (c_void_p, POINTER(epi_fact))),
    "epi_space_extractor_give": (STATUS, (c_void_p, POINTER(epi_extractor))),
    "epi_imagine": (STATUS, (c_void_p, c_void_p, POINTER(epi_situation), POINTER(epi_goal),
        POINTER(epi_imagine_options))),
    "epi_rollouts_free": (None, (c_void_p,)),
    "epi_rollouts_count": (c_size_t, (c_void_p,)),
    "epi_rollouts_get": (POINTER(epi_rollout), (c_void_p, c_size_t)),
    "epi_rollouts_stop_reason": (c_int, (c_void_p,)),
    "epi_rollouts_expansions": (c_uint64, (c_void_p,)),
    "epi_rollouts_seconds": (c_double, (c_void_p,)),
    "epi_rollout_step": (POINTER(epi_imagined_step), (POINTER(epi_rollout), c_size_t)),
    "epi_rollout_piece": (POINTER(epi_piece), (POINTER(epi_rollout), c_size_t)),
    "epi_rollout_join": (POINTER(epi_join), (POINTER(epi_rollout), c_size_t)),
    "epi_rollout_verify": (STATUS, (POINTER(epi_rollout),)),
    "epi_imagine_report": (STATUS, (c_void_p, POINTER(epi_rollout), POINTER(epi_join), c_int)),
    "epi_imagine_reset": (STATUS, (c_void_p,)),
    "epi_planner_open": (STATUS, (c_void_p, c_void_p, POINTER(epi_goal), POINTER(epi_planner_options))),
    "epi_planner_close": (None, (c_void_p,)),
    "epi_planner_next": (STATUS, (POINTER(epi_tensor), c_void_p, c_void_p)),
    "epi_planner_observe": (STATUS, (c_void_p, c_void_p, c_double, c_bool)),
    "epi_planner_plan": (c_void_p, (c_void_p,)),
    "epi_planner_stats_read": (epi_planner_stats, (c_void_p,)),
    "epi_imagine_events": (STATUS, (c_void_p, c_void_p, POINTER(epi_part), c_size_t,
        POINTER(epi_imagine_events_options))),
    "epi_imagine_story": (STATUS, (c_void_p, c_void_p, POINTER(epi_part), c_size_t, c_size_t,
        POINTER(epi_imagine_events_options))),
    "epi_events_free": (None, (c_void_p,)),
    "epi_events_count": (c_size_t, (c_void_p,)),
    "epi_events_get": (POINTER(epi_imagined_event), (c_void_p, c_size_t)),
    "epi_events_vetoed": (c_size_t, (c_void_p,)),
    "epi_events_text": (c_char_p, (c_void_p,)),
    "epi_events_json": (c_char_p, (c_void_p,)),
    "epi_judge_event": (STATUS, (POINTER(epi_event_judgement), c_void_p, POINTER(epi_part), c_size_t,
        POINTER(epi_imagine_events_options))),
    "epi_imagine_actions": (STATUS, (c_void_p, c_void_p, c_char_p, c_char_p, POINTER(epi_candidate), c_size_t,
        POINTER(epi_imagine_actions_options))),
    "epi_prospects_free": (None, (c_void_p,)),
    "epi_prospects_count": (c_size_t, (c_void_p,)),
    "epi_prospects_get": (POINTER(epi_prospect), (c_void_p, c_size_t)),
    "epi_prospects_course_count": (c_size_t, (c_void_p,)),
    "epi_prospects_course": (POINTER(epi_course), (c_void_p, c_size_t)),
    "epi_prospects_best": (POINTER(epi_prospect), (c_void_p,)),
    "epi_prospects_text": (c_char_p, (c_void_p,)),
    "epi_prospects_json": (c_char_p, (c_void_p,)),
    "epi_graph_open": (STATUS, (c_void_p, c_void_p, POINTER(epi_graph_options))),
    "epi_graph_create": (STATUS, (c_void_p, c_uint32, c_uint32, POINTER(epi_graph_options))),
    "epi_graph_close": (None, (c_void_p,)),
    "epi_graph_refresh": (STATUS, (c_void_p, c_void_p)),
    "epi_graph_observe": (STATUS, (POINTER(epi_graph_step), c_void_p, POINTER(epi_transition))),
    "epi_graph_stats_read": (STATUS, (POINTER(epi_graph_stats), c_void_p)),
    "epi_graph_find_state": (STATUS, (c_void_p, c_void_p, c_void_p)),
    "epi_graph_find_action": (STATUS, (c_void_p, c_void_p, c_void_p)),
    "epi_graph_observation": (c_void_p, (c_void_p, c_uint32)),
    "epi_graph_action": (c_void_p, (c_void_p, c_uint32)),
    "epi_graph_tried_count": (c_size_t, (c_void_p, c_uint32)),
    "epi_graph_tried_at": (STATUS, (POINTER(epi_graph_tried), c_void_p, c_uint32, c_size_t)),
    "epi_graph_tried_find": (STATUS, (POINTER(epi_graph_tried), c_void_p, c_uint32, c_uint32)),
    "epi_graph_outcome_at": (STATUS, (POINTER(epi_graph_outcome), c_void_p, c_uint32, c_uint32, c_size_t)),
    "epi_graph_cause_count": (c_size_t, (c_void_p, c_uint32)),
    "epi_graph_cause_at": (STATUS, (POINTER(epi_graph_outcome), c_void_p, c_uint32, c_size_t)),
    "epi_graph_sources": (STATUS, (c_void_p, c_void_p, c_void_p, c_uint32, c_uint32)),
    "epi_graph_sample_state": (STATUS, (c_void_p, c_void_p)),
    "epi_graph_sample": (STATUS, (POINTER(epi_graph_step), c_void_p, c_uint32)),
    "epi_graph_sample_action": (STATUS, (POINTER(epi_graph_step), c_void_p, c_uint32, c_uint32, c_uint32)),
    "epi_policy_open": (STATUS, (POINTER(epi_policy_report), c_void_p, c_void_p, POINTER(epi_policy_options))),
    "epi_policy_close": (None, (c_void_p,)),
    "epi_policy_update": (STATUS, (POINTER(epi_policy_report), c_void_p, c_uint64)),
    "epi_policy_next": (STATUS, (POINTER(epi_policy_choice), c_void_p, c_void_p, c_uint32)),
    "epi_policy_rank": (STATUS, (POINTER(epi_policy_choice), c_void_p, c_void_p, c_uint32, c_uint32)),
    "epi_policy_value": (c_double, (c_void_p, c_uint32, c_uint32)),
    "epi_policy_predict": (STATUS, (POINTER(epi_prediction), c_void_p, c_void_p, c_uint32)),
    "epi_format_name": (c_char_p, (c_int,)),
    "epi_format_from_name": (c_int, (c_char_p,)),
    "epi_import": (STATUS, (POINTER(epi_import_report), c_void_p, c_char_p, c_size_t, POINTER(epi_import_options))),
    "epi_export": (STATUS, (c_void_p, CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t), c_void_p)),
    "epi_export_salvage": (STATUS, (POINTER(epi_salvage_report), c_void_p,
        CFUNCTYPE(c_bool, c_void_p, c_void_p, c_size_t), c_void_p)),
    "epi_recorder_open": (STATUS, (c_void_p, c_void_p, c_char_p, c_uint32)),
    "epi_recorder_close": (None, (c_void_p,)),
    "epi_transitions_append": (STATUS, (c_void_p, c_void_p, c_void_p, POINTER(epi_column), c_size_t, c_size_t)),
    "epi_recorder_cut": (STATUS, (c_void_p, c_uint32)),
    "epi_transitions_limit": (STATUS, (c_void_p, POINTER(epi_transition_limits))),
    "epi_transitions_stats_read": (STATUS, (POINTER(epi_transition_stats), c_void_p)),
    "epi_replay_open": (STATUS, (c_void_p, c_void_p, POINTER(epi_replay_options))),
    "epi_replay_close": (None, (c_void_p,)),
    "epi_replay_sample": (STATUS, (c_void_p, POINTER(epi_batch), c_double)),
    "epi_replay_borrow": (STATUS, (c_void_p, POINTER(epi_column), c_size_t, c_void_p, c_uint64, c_size_t)),
    "epi_replay_update": (STATUS, (c_void_p, c_void_p, c_void_p, c_void_p, c_size_t)),
    "epi_replay_priorities": (STATUS, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "epi_replay_sequence_priorities": (STATUS, (c_void_p, c_void_p, c_void_p, c_size_t, c_size_t, c_double)),
    "epi_replay_flush": (STATUS, (c_void_p,)),
    "epi_replay_save": (STATUS, (c_void_p,)),
    "epi_replay_stats_read": (STATUS, (POINTER(epi_replay_stats), c_void_p)),
    "epi_projection_learn": (STATUS, (c_void_p, c_void_p, c_size_t, c_size_t, POINTER(epi_projection_options))),
    "epi_projection_open": (STATUS, (c_void_p, c_void_p, c_size_t)),
    "epi_projection_free": (None, (c_void_p,)),
    "epi_projection_bytes": (c_void_p, (c_void_p, c_void_p)),
    "epi_projection_size": (c_size_t, (c_void_p,)),
    "epi_projection_dimension": (c_size_t, (c_void_p,)),
    "epi_projection_kept": (c_double, (c_void_p,)),
    "epi_projection_apply": (STATUS, (c_void_p, c_void_p, c_void_p, c_size_t)),
    "epi_prefetch_open": (STATUS, (c_void_p, c_void_p, POINTER(epi_batch), c_double, c_size_t)),
    "epi_prefetch_close": (None, (c_void_p,)),
    "epi_prefetch_next": (STATUS, (POINTER(epi_batch), c_void_p)),
    "epi_prefetch_beta": (STATUS, (c_void_p, c_double)),
    "epi_version": (c_char_p, ()),
    "epi_json_parse": (STATUS, (c_void_p, c_char_p, c_size_t)),
    "epi_json_free": (None, (c_void_p,)),
    "epi_json_type_of": (c_int, (c_void_p,)),
    "epi_json_member": (c_void_p, (c_void_p, c_char_p)),
    "epi_json_first": (c_void_p, (c_void_p,)),
    "epi_json_next": (c_void_p, (c_void_p,)),
    "epi_json_name": (c_char_p, (c_void_p,)),
    "epi_json_count": (c_size_t, (c_void_p,)),
    "epi_json_string": (c_char_p, (c_void_p, c_void_p)),
    "epi_json_number": (c_bool, (c_void_p, c_void_p)),
    "epi_json_integer": (c_bool, (c_void_p, c_void_p)),
    "epi_json_true": (c_bool, (c_void_p,)),
    "epi_json_writer_new": (STATUS, (c_void_p, c_bool)),
    "epi_json_writer_free": (None, (c_void_p,)),
    "epi_json_begin_object": (None, (c_void_p, c_char_p)),
    "epi_json_begin_array": (None, (c_void_p, c_char_p)),
    "epi_json_end": (None, (c_void_p,)),
    "epi_json_put_string": (None, (c_void_p, c_char_p, c_char_p, c_size_t)),
    "epi_json_put_integer": (None, (c_void_p, c_char_p, c_int64)),
    "epi_json_put_unsigned": (None, (c_void_p, c_char_p, c_uint64)),
    "epi_json_put_number": (None, (c_void_p, c_char_p, c_double)),
    "epi_json_put_bool": (None, (c_void_p, c_char_p, c_bool)),
    "epi_json_put_null": (None, (c_void_p, c_char_p)),
    "epi_json_put_raw": (None, (c_void_p, c_char_p, c_char_p, c_size_t)),
    "epi_json_writer_text": (c_char_p, (c_void_p, c_void_p)),
    "epi_json_writer_clear": (None, (c_void_p,)),
}

HEADERS = {
    "epi_error_last": "episodic/status.h",
    "epi_status_name": "episodic/status.h",
    "epi_status_text": "episodic/status.h",
    "epi_time_now": "episodic/time.h",
    "epi_time_parse": "episodic/time.h",
    "epi_time_text": "episodic/time.h",
    "epi_time_iso": "episodic/time.h",
    "epi_time_find": "episodic/time.h",
    "epi_memory_open": "episodic/memory.h",
    "epi_memory_close": "episodic/memory.h",
    "epi_sync": "episodic/memory.h",
    "epi_memory_stats_read": "episodic/memory.h",
    "epi_memory_check": "episodic/memory.h",
    "epi_memory_compact": "episodic/memory.h",
    "epi_encoder_fail": "episodic/sys/encoder.h",
    "epi_encoder_hash": "episodic/sys/encoder.h",
    "epi_encoder_static": "episodic/sys/encoder.h",
    "epi_encoder_remote": "episodic/sys/encoder.h",
    "epi_encoder_lsa": "episodic/sys/encoder.h",
    "epi_encoder_close": "episodic/sys/encoder.h",
    "epi_schema_conversation": "episodic/space.h",
    "epi_schema_trajectory": "episodic/space.h",
    "epi_schema_events": "episodic/space.h",
    "epi_schema_transitions": "episodic/space.h",
    "epi_space_open": "episodic/space.h",
    "epi_space_close": "episodic/space.h",
    "epi_space_name": "episodic/space.h",
    "epi_space_schema": "episodic/space.h",
    "epi_space_list": "episodic/space.h",
    "epi_space_drop": "episodic/space.h",
    "epi_profile_name": "episodic/space.h",
    "epi_space_set_profile": "episodic/space.h",
    "epi_space_stats_read": "episodic/space.h",
    "epi_space_encoder_give": "episodic/space.h",
    "epi_space_encoder_set": "episodic/space.h",
    "epi_space_encoders": "episodic/space.h",
    "epi_space_encoder_compare": "episodic/space.h",
    "epi_space_upkeep": "episodic/space.h",
    "epi_episode_begin": "episodic/episode.h",
    "epi_episode_resume": "episodic/episode.h",
    "epi_episode_close": "episodic/episode.h",
    "epi_episode_id": "episodic/episode.h",
    "epi_episode_append": "episodic/episode.h",
    "epi_episode_append_many": "episodic/episode.h",
    "epi_episode_end": "episodic/episode.h",
    "epi_remember": "episodic/episode.h",
    "epi_remember_text": "episodic/episode.h",
    "epi_remember_many": "episodic/episode.h",
    "epi_forget": "episodic/episode.h",
    "epi_restore": "episodic/episode.h",
    "epi_remove": "episodic/episode.h",
    "epi_purge": "episodic/episode.h",
    "epi_recall_profile_of": "episodic/recall.h",
    "epi_recall_profile_default": "episodic/recall.h",
    "epi_recall": "episodic/recall.h",
    "epi_recall_text": "episodic/recall.h",
    "epi_recollection_free": "episodic/recall.h",
    "epi_recollection_hit_count": "episodic/recall.h",
    "epi_recollection_hit": "episodic/recall.h",
    "epi_recollection_evidence": "episodic/recall.h",
    "epi_recollection_moment": "episodic/recall.h",
    "epi_recollection_count": "episodic/recall.h",
    "epi_recollection_scene": "episodic/recall.h",
    "epi_scene_step": "episodic/recall.h",
    "epi_recalled_step_part": "episodic/recall.h",
    "epi_scene_part": "episodic/recall.h",
    "epi_recollection_completed": "episodic/recall.h",
    "epi_recollection_context": "episodic/recall.h",
    "epi_recollection_context_steps": "episodic/recall.h",
    "epi_episode_read": "episodic/recall.h",
    "epi_step_read": "episodic/recall.h",
    "epi_steps_read": "episodic/recall.h",
    "epi_step_vector": "episodic/recall.h",
    "epi_step_find": "episodic/recall.h",
    "epi_nearest": "episodic/recall.h",
    "epi_timeline_read": "episodic/recall.h",
    "epi_timeline_free": "episodic/recall.h",
    "epi_timeline_count": "episodic/recall.h",
    "epi_timeline_episode": "episodic/recall.h",
    "epi_facts_now": "episodic/facts.h",
    "epi_facts_history": "episodic/facts.h",
    "epi_facts_free": "episodic/facts.h",
    "epi_facts_count": "episodic/facts.h",
    "epi_facts_at": "episodic/facts.h",
    "epi_extraction_add": "episodic/facts.h",
    "epi_space_extractor_give": "episodic/facts.h",
    "epi_imagine": "episodic/imagine.h",
    "epi_rollouts_free": "episodic/imagine.h",
    "epi_rollouts_count": "episodic/imagine.h",
    "epi_rollouts_get": "episodic/imagine.h",
    "epi_rollouts_stop_reason": "episodic/imagine.h",
    "epi_rollouts_expansions": "episodic/imagine.h",
    "epi_rollouts_seconds": "episodic/imagine.h",
    "epi_rollout_step": "episodic/imagine.h",
    "epi_rollout_piece": "episodic/imagine.h",
    "epi_rollout_join": "episodic/imagine.h",
    "epi_rollout_verify": "episodic/imagine.h",
    "epi_imagine_report": "episodic/imagine.h",
    "epi_imagine_reset": "episodic/imagine.h",
    "epi_planner_open": "episodic/plan.h",
    "epi_planner_close": "episodic/plan.h",
    "epi_planner_next": "episodic/plan.h",
    "epi_planner_observe": "episodic/plan.h",
    "epi_planner_plan": "episodic/plan.h",
    "epi_planner_stats_read": "episodic/plan.h",
    "epi_imagine_events": "episodic/events.h",
    "epi_imagine_story": "episodic/events.h",
    "epi_events_free": "episodic/events.h",
    "epi_events_count": "episodic/events.h",
    "epi_events_get": "episodic/events.h",
    "epi_events_vetoed": "episodic/events.h",
    "epi_events_text": "episodic/events.h",
    "epi_events_json": "episodic/events.h",
    "epi_judge_event": "episodic/events.h",
    "epi_imagine_actions": "episodic/prospects.h",
    "epi_prospects_free": "episodic/prospects.h",
    "epi_prospects_count": "episodic/prospects.h",
    "epi_prospects_get": "episodic/prospects.h",
    "epi_prospects_course_count": "episodic/prospects.h",
    "epi_prospects_course": "episodic/prospects.h",
    "epi_prospects_best": "episodic/prospects.h",
    "epi_prospects_text": "episodic/prospects.h",
    "epi_prospects_json": "episodic/prospects.h",
    "epi_graph_open": "episodic/graph.h",
    "epi_graph_create": "episodic/graph.h",
    "epi_graph_close": "episodic/graph.h",
    "epi_graph_refresh": "episodic/graph.h",
    "epi_graph_observe": "episodic/graph.h",
    "epi_graph_stats_read": "episodic/graph.h",
    "epi_graph_find_state": "episodic/graph.h",
    "epi_graph_find_action": "episodic/graph.h",
    "epi_graph_observation": "episodic/graph.h",
    "epi_graph_action": "episodic/graph.h",
    "epi_graph_tried_count": "episodic/graph.h",
    "epi_graph_tried_at": "episodic/graph.h",
    "epi_graph_tried_find": "episodic/graph.h",
    "epi_graph_outcome_at": "episodic/graph.h",
    "epi_graph_cause_count": "episodic/graph.h",
    "epi_graph_cause_at": "episodic/graph.h",
    "epi_graph_sources": "episodic/graph.h",
    "epi_graph_sample_state": "episodic/graph.h",
    "epi_graph_sample": "episodic/graph.h",
    "epi_graph_sample_action": "episodic/graph.h",
    "epi_policy_open": "episodic/policy.h",
    "epi_policy_close": "episodic/policy.h",
    "epi_policy_update": "episodic/policy.h",
    "epi_policy_next": "episodic/policy.h",
    "epi_policy_rank": "episodic/policy.h",
    "epi_policy_value": "episodic/policy.h",
    "epi_policy_predict": "episodic/policy.h",
    "epi_format_name": "episodic/transfer.h",
    "epi_format_from_name": "episodic/transfer.h",
    "epi_import": "episodic/transfer.h",
    "epi_export": "episodic/transfer.h",
    "epi_export_salvage": "episodic/transfer.h",
    "epi_recorder_open": "episodic/transitions.h",
    "epi_recorder_close": "episodic/transitions.h",
    "epi_transitions_append": "episodic/transitions.h",
    "epi_recorder_cut": "episodic/transitions.h",
    "epi_transitions_limit": "episodic/transitions.h",
    "epi_transitions_stats_read": "episodic/transitions.h",
    "epi_replay_open": "episodic/replay.h",
    "epi_replay_close": "episodic/replay.h",
    "epi_replay_sample": "episodic/replay.h",
    "epi_replay_borrow": "episodic/replay.h",
    "epi_replay_update": "episodic/replay.h",
    "epi_replay_priorities": "episodic/replay.h",
    "epi_replay_sequence_priorities": "episodic/replay.h",
    "epi_replay_flush": "episodic/replay.h",
    "epi_replay_save": "episodic/replay.h",
    "epi_replay_stats_read": "episodic/replay.h",
    "epi_projection_learn": "episodic/projection.h",
    "epi_projection_open": "episodic/projection.h",
    "epi_projection_free": "episodic/projection.h",
    "epi_projection_bytes": "episodic/projection.h",
    "epi_projection_size": "episodic/projection.h",
    "epi_projection_dimension": "episodic/projection.h",
    "epi_projection_kept": "episodic/projection.h",
    "epi_projection_apply": "episodic/projection.h",
    "epi_prefetch_open": "episodic/prefetch.h",
    "epi_prefetch_close": "episodic/prefetch.h",
    "epi_prefetch_next": "episodic/prefetch.h",
    "epi_prefetch_beta": "episodic/prefetch.h",
    "epi_version": "episodic/version.h",
    "epi_json_parse": "episodic/sys/json.h",
    "epi_json_free": "episodic/sys/json.h",
    "epi_json_type_of": "episodic/sys/json.h",
    "epi_json_member": "episodic/sys/json.h",
    "epi_json_first": "episodic/sys/json.h",
    "epi_json_next": "episodic/sys/json.h",
    "epi_json_name": "episodic/sys/json.h",
    "epi_json_count": "episodic/sys/json.h",
    "epi_json_string": "episodic/sys/json.h",
    "epi_json_number": "episodic/sys/json.h",
    "epi_json_integer": "episodic/sys/json.h",
    "epi_json_true": "episodic/sys/json.h",
    "epi_json_writer_new": "episodic/sys/json.h",
    "epi_json_writer_free": "episodic/sys/json.h",
    "epi_json_begin_object": "episodic/sys/json.h",
    "epi_json_begin_array": "episodic/sys/json.h",
    "epi_json_end": "episodic/sys/json.h",
    "epi_json_put_string": "episodic/sys/json.h",
    "epi_json_put_integer": "episodic/sys/json.h",
    "epi_json_put_unsigned": "episodic/sys/json.h",
    "epi_json_put_number": "episodic/sys/json.h",
    "epi_json_put_bool": "episodic/sys/json.h",
    "epi_json_put_null": "episodic/sys/json.h",
    "epi_json_put_raw": "episodic/sys/json.h",
    "epi_json_writer_text": "episodic/sys/json.h",
    "epi_json_writer_clear": "episodic/sys/json.h",
}
