;; Traps before the hook is called.
;; fault: trapped
;;@CORE
(func $start (unreachable))
(start $start)
