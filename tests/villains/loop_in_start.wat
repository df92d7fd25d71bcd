;; Loops for ever before the hook is called.
;; fault: out_of_fuel timed_out
;;@CORE
(func $start (loop (br 0)))
(start $start)
