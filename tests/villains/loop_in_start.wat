;; Loops for ever before the hook is called.
;; fault: out_of_fuel
;;@CORE
(func $start (loop (br 0)))
(start $start)
