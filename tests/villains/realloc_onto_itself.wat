;; Wants all its input at the same place, over its own data.
;; fault: none bad_output
;;@CORE
(func $realloc (param i32 i32 i32 i32) (result i32) (i32.const 1024))
