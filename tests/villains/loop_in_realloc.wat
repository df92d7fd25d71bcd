;; Loops for ever while it is handed its input.
;; fault: out_of_fuel
;;@CORE
(func $realloc (param i32 i32 i32 i32) (result i32) (loop (br 0)) (unreachable))
