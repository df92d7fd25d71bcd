;; Wants its input beyond its memory.
;; fault: bad_output
;;@CORE
(func $realloc (param i32 i32 i32 i32) (result i32) (i32.const -64))
