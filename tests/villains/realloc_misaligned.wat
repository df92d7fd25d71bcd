;; Wants its input where it does not fit.
;; fault: bad_output
;;@CORE
(func $realloc (param i32 i32 i32 i32) (result i32) (i32.const 4097))
