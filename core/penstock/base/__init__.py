"""General parts that know nothing of requests: files, threads, child processes, time, validation, errors."""
