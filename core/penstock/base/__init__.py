"""General parts that know nothing of model requests: files, threads, child processes, SQL databases, Redis, time,
validation, errors."""
